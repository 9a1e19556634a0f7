# Stacks whose runs are pods of a private worker pool (../../kubernetes/worker-pool.yaml): the pod's containers share
# one loopback, so the bridge asks its clients for a token.
terraform {
  required_version = ">= 1.11"

  required_providers {
    spacelift = {
      source  = "spacelift-io/spacelift"
      version = ">= 1.44"
    }
  }
}

variable "worker_pool_id" {
  description = "ID of the worker pool."
  type        = string
}

variable "proxy_token" {
  description = "What clients must send, e.g. from `openssl rand -hex 16`."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "auth_key" {
  description = "A reusable, ephemeral, pre-approved auth key."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "spacelift_stack" "app" {
  name           = "app"
  repository     = "app"
  branch         = "main"
  space_id       = "root"
  worker_pool_id = var.worker_pool_id
  runner_image   = "ghcr.io/OWNER/spacetail:v0"
}

module "spacetail" {
  source = "../../../terraform"

  context_name      = "spacetail kubernetes"
  space_id          = "root"
  stack_attachments = { app = spacelift_stack.app.id }

  auth_method         = "auth_key"
  auth_key            = var.auth_key
  proxy_token_enabled = true
  proxy_token         = var.proxy_token

  # A node's credentials belong to the node: pods have their own identity.
  metadata = "deny"
}
