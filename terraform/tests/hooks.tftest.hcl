mock_provider "spacelift" {}

run "init_gets_hooks_when_it_is_asked_for" {
  variables {
    phases = ["init", "plan"]
  }

  assert {
    condition     = spacelift_context.this.before_init == tolist(["spacetail up", "trap 'spacetail down' EXIT", "eval \"$(spacetail env)\""])
    error_message = "before_init has no hooks."
  }

  assert {
    condition     = spacelift_context.this.after_init == tolist(["eval \"$(spacetail env --unset)\"", "spacetail clean-env"])
    error_message = "after_init has no hooks."
  }

  assert {
    condition     = spacelift_context.this.before_apply == null && spacelift_context.this.after_destroy == null
    error_message = "A phase that was not asked for has hooks."
  }
}

run "the_plan_policys_input_is_written_while_the_bridge_still_runs" {
  variables {
    plan_policy_input = true
  }

  assert {
    condition     = spacelift_context.this.after_plan[0] == "spacetail report --custom-input"
    error_message = "The report is not the first after-plan hook."
  }

  assert {
    condition     = !contains(spacelift_context.this.after_apply, "spacetail report --custom-input")
    error_message = "The report belongs to the plan alone."
  }
}

run "an_unknown_phase_is_refused" {
  command = plan

  variables {
    phases = ["plan", "aply"]
  }

  expect_failures = [var.phases]
}

run "autoattach_labels_get_their_prefix" {
  variables {
    context_labels    = ["team:platform"]
    autoattach_labels = ["tailnet"]
  }

  assert {
    condition     = spacelift_context.this.labels == toset(["team:platform", "autoattach:tailnet"])
    error_message = "The labels are not those given plus autoattach:tailnet."
  }
}

run "an_autoattach_label_with_its_prefix_is_refused" {
  command = plan

  variables {
    autoattach_labels = ["autoattach:tailnet"]
  }

  expect_failures = [var.autoattach_labels]
}

run "stacks_and_modules_are_attached_by_id" {
  variables {
    stack_attachments   = { app = "app-stack" }
    module_attachments  = { vpc = "terraform-aws-vpc" }
    attachment_priority = 5
  }

  assert {
    condition = (
      spacelift_context_attachment.stack["app"].stack_id == "app-stack" &&
      spacelift_context_attachment.stack["app"].context_id == spacelift_context.this.id &&
      spacelift_context_attachment.stack["app"].priority == 5
    )
    error_message = "The stack is not attached."
  }

  assert {
    condition     = spacelift_context_attachment.module["vpc"].module_id == "terraform-aws-vpc"
    error_message = "The module is not attached."
  }
}
