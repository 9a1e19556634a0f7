# Each stack has a context of its own with its own allow-list, and a plan policy that judges what the plan talked to.
terraform {
  required_version = ">= 1.11"

  required_providers {
    spacelift = {
      source  = "spacelift-io/spacelift"
      version = ">= 1.44"
    }
  }
}

variable "stacks" {
  description = "Stack ID => what its runs may talk to."
  type        = map(object({ allow = list(string) }))
  default = {
    network = { allow = ["peer:router:443", "registry.opentofu.org:443", "github.com:443"] }
    db      = { allow = ["tag:db:5432", "vault.tail1234.ts.net:443", "registry.opentofu.org:443", "github.com:443"] }
  }
}

module "spacetail" {
  source   = "../../../terraform"
  for_each = var.stacks

  context_name      = "spacetail ${each.key}"
  space_id          = "root"
  stack_attachments = { (each.key) = each.key }

  allow             = each.value.allow
  plan_policy_input = true
}

resource "spacelift_policy" "tailnet_plan" {
  name        = "Plans talk to expected hosts only"
  type        = "PLAN"
  engine_type = "REGO_V1"
  space_id    = "root"
  body        = file("${path.module}/../../policies/tailnet-plan.rego")
}

resource "spacelift_policy_attachment" "tailnet_plan" {
  for_each = var.stacks

  policy_id = spacelift_policy.tailnet_plan.id
  stack_id  = each.key
}
