output "context_id" {
  description = "ID of the context, for attachments made elsewhere."
  value       = spacelift_context.this.id
}

output "context_name" {
  description = "Name of the context."
  value       = spacelift_context.this.name
}

output "labels" {
  description = "Labels of the context, the autoattach ones among them."
  value       = local.labels
}

output "hooks" {
  description = "The hooks by phase, for stacks that are configured without the context."
  value       = { before = local.before, after = local.after }
}

output "environment" {
  description = "The plain variables of the context; no secret is among them."
  value       = tomap(local.plain)
}
