# What users of the bash script's module have: two inputs, nothing else.

mock_provider "spacelift" {}

variables {
  context_labels = ["autoattach:runtime:spacelift-tailscale"]
  space_id       = "legacy"
}

run "the_two_old_inputs_are_enough" {
  assert {
    condition     = spacelift_context.this.space_id == "legacy"
    error_message = "The context is not in the space that space_id names."
  }

  assert {
    condition     = spacelift_context.this.labels == toset(["autoattach:runtime:spacelift-tailscale"])
    error_message = "context_labels are not the labels of the context."
  }

  assert {
    condition     = length(spacelift_environment_variable.plain) == 0 && length(spacelift_mounted_file.policy) == 0
    error_message = "Nothing but the context is made where no other input is given."
  }

  assert {
    condition = (
      length(spacelift_environment_variable.auth_key) == 0 &&
      length(spacelift_environment_variable.oauth_client_secret) == 0 &&
      length(spacelift_environment_variable.proxy_token) == 0
    )
    error_message = "No secret is written where none is given."
  }
}

run "plan_apply_perform_and_destroy_get_the_hooks" {
  assert {
    condition = alltrue([
      for hooks in [
        spacelift_context.this.before_plan, spacelift_context.this.before_apply,
        spacelift_context.this.before_perform, spacelift_context.this.before_destroy,
      ] : hooks == tolist(["spacetail up", "trap 'spacetail down' EXIT", "eval \"$(spacetail env)\""])
    ])
    error_message = "A before-hook differs from the README's."
  }

  assert {
    condition = alltrue([
      for hooks in [
        spacelift_context.this.after_plan, spacelift_context.this.after_apply,
        spacelift_context.this.after_perform, spacelift_context.this.after_destroy,
      ] : hooks == tolist(["eval \"$(spacetail env --unset)\"", "spacetail clean-env"])
    ])
    error_message = "An after-hook differs from the README's."
  }

  assert {
    condition     = spacelift_context.this.before_init == null && spacelift_context.this.after_init == null
    error_message = "init has hooks although it was not asked for."
  }
}

run "every_hook_is_one_line_that_can_be_chained" {
  assert {
    condition = alltrue([
      for hook in flatten([values(output.hooks.before), values(output.hooks.after)]) :
      length(hook) > 0 && !can(regex("\n|;\\s*$|&&\\s*$|&\\s*$", hook))
    ])
    error_message = "A hook would break the && chain that Spacelift makes of them."
  }
}
