mock_provider "spacelift" {}

run "init gets hooks when it is asked for" {
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

run "the plan policy's input is written while the bridge still runs" {
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

run "an unknown phase is refused" {
  command = plan

  variables {
    phases = ["plan", "aply"]
  }

  expect_failures = [var.phases]
}

run "autoattach labels get their prefix" {
  variables {
    context_labels    = ["team:platform"]
    autoattach_labels = ["tailnet"]
  }

  assert {
    condition     = spacelift_context.this.labels == toset(["team:platform", "autoattach:tailnet"])
    error_message = "The labels are not those given plus autoattach:tailnet."
  }
}

run "an autoattach label with its prefix is refused" {
  command = plan

  variables {
    autoattach_labels = ["autoattach:tailnet"]
  }

  expect_failures = [var.autoattach_labels]
}

run "stacks and modules are attached by id" {
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
