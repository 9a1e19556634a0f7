locals {
  labels = distinct(concat(var.context_labels, [for label in var.autoattach_labels : "autoattach:${label}"]))
}

resource "spacelift_context" "this" {
  name        = var.context_name
  description = var.context_description
  space_id    = var.space_id
  labels      = local.labels

  before_init    = lookup(local.before, "init", null)
  after_init     = lookup(local.after, "init", null)
  before_plan    = lookup(local.before, "plan", null)
  after_plan     = lookup(local.after, "plan", null)
  before_apply   = lookup(local.before, "apply", null)
  after_apply    = lookup(local.after, "apply", null)
  before_perform = lookup(local.before, "perform", null)
  after_perform  = lookup(local.after, "perform", null)
  before_destroy = lookup(local.before, "destroy", null)
  after_destroy  = lookup(local.after, "destroy", null)
}

# The context of the module that users of the bash script have: it is taken over in place, attachments and all.
moved {
  from = spacelift_context.spacelift-tailscale-runtime
  to   = spacelift_context.this
}

resource "spacelift_context_attachment" "stack" {
  for_each = var.stack_attachments

  context_id = spacelift_context.this.id
  stack_id   = each.value
  priority   = var.attachment_priority
}

resource "spacelift_context_attachment" "module" {
  for_each = var.module_attachments

  context_id = spacelift_context.this.id
  module_id  = each.value
  priority   = var.attachment_priority
}
