# No secret at all: the run's Spacelift OIDC token is exchanged for a key. Tailscale trusts this account's issuer and
# the subjects that match the pattern.
terraform {
  required_version = ">= 1.11"

  required_providers {
    spacelift = {
      source  = "spacelift-io/spacelift"
      version = ">= 1.44"
    }
    tailscale = {
      source  = "tailscale/tailscale"
      version = ">= 0.26"
    }
  }
}

variable "spacelift_account" {
  description = "Name of the Spacelift account, the first part of its host name."
  type        = string
}

resource "tailscale_federated_identity" "spacelift" {
  description = "Spacelift runs in the production space"
  issuer      = "https://${var.spacelift_account}.app.spacelift.io"
  # Spacelift's tokens have the account's host name as audience; it cannot be chosen there.
  audience = "${var.spacelift_account}.app.spacelift.io"
  subject  = "space:production-*:stack:*:run_type:*:scope:*"
  scopes   = ["auth_keys"]
  tags     = ["tag:spacelift"]
}

module "spacetail" {
  source = "../../../terraform"

  autoattach_labels = ["tailnet"]
  space_id          = "root"

  auth_method    = "workload_identity"
  oidc_client_id = tailscale_federated_identity.spacelift.id
  oidc_audience  = tailscale_federated_identity.spacelift.audience
  tags           = ["tag:spacelift"]
}
