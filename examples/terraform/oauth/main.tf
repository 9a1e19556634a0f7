# An OAuth client that mints a one-time key for each run. Its secret passes through this configuration without being
# stored: give it as TF_VAR_tailscale_oauth_secret, and change secrets_version when you rotate it.
terraform {
  required_version = ">= 1.11"

  required_providers {
    spacelift = {
      source  = "spacelift-io/spacelift"
      version = ">= 1.44"
    }
  }
}

variable "tailscale_oauth_id" {
  description = "ID of an OAuth client with the auth_keys scope (write) that owns tag:spacelift."
  type        = string
}

variable "tailscale_oauth_secret" {
  description = "Its secret."
  type        = string
  sensitive   = true
  ephemeral   = true
}

module "spacetail" {
  source = "../../../terraform"

  autoattach_labels = ["tailnet"]
  space_id          = "root"

  auth_method         = "oauth"
  oauth_client_id     = var.tailscale_oauth_id
  oauth_client_secret = var.tailscale_oauth_secret
  secrets_version     = "2026-11"
  tags                = ["tag:spacelift"]
}
