locals {
  # Where Spacelift mounts a context's files.
  workspace   = "/mnt/workspace"
  policy_path = "spacetail/policy.yaml"

  candidates = {
    TS_OAUTH_CLIENT_ID       = var.auth_method == "oauth" ? var.oauth_client_id : null
    TS_CLIENT_ID             = var.auth_method == "workload_identity" ? var.oidc_client_id : null
    TS_AUDIENCE              = var.auth_method == "workload_identity" ? var.oidc_audience : null
    TS_OAUTH_TAGS            = length(var.tags) > 0 ? join(",", var.tags) : null
    TS_HOSTNAME              = var.hostname
    TS_EXTRA_ARGS            = var.extra_args
    TS_TAILSCALED_EXTRA_ARGS = var.tailscaled_extra_args
    SPACETAIL_ALLOW          = length(var.allow) > 0 ? join(" ", var.allow) : null
    SPACETAIL_DENY           = length(var.deny) > 0 ? join(" ", var.deny) : null
    SPACETAIL_DIRECT         = length(var.direct) > 0 ? join(" ", var.direct) : null
    SPACETAIL_POLICY_MODE    = var.policy_mode
    SPACETAIL_METADATA       = var.metadata
    SPACETAIL_POLICY         = var.policy_file == null ? null : "${local.workspace}/${local.policy_path}"
  }

  plain = merge({ for name, value in local.candidates : name => value if value != null }, var.environment)
}

resource "spacelift_environment_variable" "plain" {
  for_each = local.plain

  context_id = spacelift_context.this.id
  name       = each.key
  value      = each.value
  write_only = false
}

# Secrets are write-only twice: never in our state (value_wo), never readable in Spacelift's interface (write_only).
resource "spacelift_environment_variable" "auth_key" {
  count = var.auth_method == "auth_key" ? 1 : 0

  context_id       = spacelift_context.this.id
  name             = "TS_AUTHKEY"
  value_wo         = var.auth_key
  value_wo_version = var.secrets_version
  write_only       = true
}

resource "spacelift_environment_variable" "oauth_client_secret" {
  count = var.auth_method == "oauth" ? 1 : 0

  context_id       = spacelift_context.this.id
  name             = "TS_OAUTH_CLIENT_SECRET"
  value_wo         = var.oauth_client_secret
  value_wo_version = var.secrets_version
  write_only       = true
}

resource "spacelift_environment_variable" "proxy_token" {
  count = var.proxy_token_enabled ? 1 : 0

  context_id       = spacelift_context.this.id
  name             = "SPACETAIL_PROXY_TOKEN"
  value_wo         = var.proxy_token
  value_wo_version = var.secrets_version
  write_only       = true
}

resource "spacelift_mounted_file" "policy" {
  count = var.policy_file == null ? 0 : 1

  context_id    = spacelift_context.this.id
  relative_path = local.policy_path
  content       = base64encode(var.policy_file)
  write_only    = false
}
