# The two inputs of the module that users of the bash script have.

variable "context_labels" {
  description = "Labels of the context, as they are, e.g. [\"autoattach:runtime:spacelift-tailscale\"]."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "space_id" {
  description = "ID of the Spacelift space that the context is created in; null for the account's default."
  type        = string
  default     = null
}

# The context.

variable "context_name" {
  description = "Name of the context, unique in the account."
  type        = string
  default     = "spacetail"
}

variable "context_description" {
  description = "Description of the context."
  type        = string
  default     = "Reach the tailnet: tailscaled and a proxy bridge in each phase. Managed by Terraform."
}

variable "autoattach_labels" {
  description = "Stacks and modules that carry one of these labels get the context; \"tailnet\" becomes autoattach:tailnet."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for label in var.autoattach_labels : label != "" && !startswith(label, "autoattach:")])
    error_message = "Give labels without their autoattach: prefix, none of them empty."
  }
}

variable "stack_attachments" {
  description = "Stacks that the context is attached to: any key that is known at plan time => stack ID."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "module_attachments" {
  description = "Modules that the context is attached to: any key that is known at plan time => module ID."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "attachment_priority" {
  description = "Priority of the attachments made by stack_attachments and module_attachments; the lowest comes first."
  type        = number
  default     = 0
}

variable "phases" {
  description = "Phases that get the hooks. Add init where `tofu init` fetches modules or state from the tailnet."
  type        = set(string)
  default     = ["plan", "apply", "perform", "destroy"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.phases, ["init", "plan", "apply", "perform", "destroy"])) == 0
    error_message = "Phases are init, plan, apply, perform and destroy."
  }
}

variable "plan_policy_input" {
  description = "Write spacetail.custom.spacelift.json after the plan, so that a plan policy can judge what the run talked to."
  type        = bool
  default     = false
  nullable    = false
}

# How the run joins the tailnet.

variable "auth_method" {
  description = "auth_key, oauth, workload_identity, or none where the credentials come from elsewhere (another context, the stack)."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "auth_key", "oauth", "workload_identity"], var.auth_method)
    error_message = "auth_method is none, auth_key, oauth or workload_identity."
  }
}

variable "auth_key" {
  description = "Auth key for auth_method = \"auth_key\". Never stored in the state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.auth_method != "auth_key" || var.auth_key != null
    error_message = "auth_method = \"auth_key\" needs auth_key."
  }
}

variable "oauth_client_id" {
  description = "OAuth client's ID for auth_method = \"oauth\"."
  type        = string
  default     = null

  validation {
    condition     = var.auth_method != "oauth" || try(length(var.oauth_client_id) > 0, false)
    error_message = "auth_method = \"oauth\" needs oauth_client_id."
  }
}

variable "oauth_client_secret" {
  description = "OAuth client's secret for auth_method = \"oauth\". Never stored in the state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.auth_method != "oauth" || var.oauth_client_secret != null
    error_message = "auth_method = \"oauth\" needs oauth_client_secret."
  }
}

variable "oidc_client_id" {
  description = "Client ID of the federated identity for auth_method = \"workload_identity\"; its token is the run's Spacelift OIDC token."
  type        = string
  default     = null

  validation {
    condition     = var.auth_method != "workload_identity" || try(length(var.oidc_client_id) > 0, false)
    error_message = "auth_method = \"workload_identity\" needs oidc_client_id."
  }
}

variable "oidc_audience" {
  description = "TS_AUDIENCE for workload identity; null for the token's own."
  type        = string
  default     = null
}

variable "secrets_version" {
  description = "Change it to have auth_key, oauth_client_secret and proxy_token written anew: write-only values cannot be compared."
  type        = string
  default     = "1"
  nullable    = false
}

variable "tags" {
  description = "Tags of the node (TS_OAUTH_TAGS); empty for spacetail's default, tag:spacelift."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for tag in var.tags : can(regex("^tag:[a-zA-Z][a-zA-Z0-9-]*$", tag))])
    error_message = "A tag is tag:name, of letters, digits and hyphens."
  }
}

variable "hostname" {
  description = "Name of the node (TS_HOSTNAME); null for spacelift-$(hostname)."
  type        = string
  default     = null
}

variable "extra_args" {
  description = "Words added to `tailscale up` (TS_EXTRA_ARGS). Keys do not belong here: this value is not secret."
  type        = string
  default     = null

  validation {
    condition     = !can(regex("--?(auth-?key|client-secret|id-token)", var.extra_args))
    error_message = "extra_args is stored in the clear: use auth_key, oauth_client_secret or workload identity."
  }
}

variable "tailscaled_extra_args" {
  description = "Words added to tailscaled (TS_TAILSCALED_EXTRA_ARGS)."
  type        = string
  default     = null
}

# What the run may talk to.

variable "allow" {
  description = "Rules of SPACETAIL_ALLOW; once there is one, everything else is denied."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for rule in var.allow : can(regex("^[^\\s,]+$", rule))])
    error_message = "A rule holds neither spaces nor commas: one list entry is one rule."
  }
}

variable "deny" {
  description = "Rules of SPACETAIL_DENY; they win over allow."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for rule in var.deny : can(regex("^[^\\s,]+$", rule))])
    error_message = "A rule holds neither spaces nor commas: one list entry is one rule."
  }
}

variable "direct" {
  description = "Names, suffixes and CIDRs that never belong to a tailnet (SPACETAIL_DIRECT)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for rule in var.direct : can(regex("^[^\\s,]+$", rule))])
    error_message = "An entry holds neither spaces nor commas."
  }
}

variable "policy_mode" {
  description = "enforce, report or learn (SPACETAIL_POLICY_MODE); null for enforce."
  type        = string
  default     = null

  validation {
    condition     = var.policy_mode == null || contains(["enforce", "report", "learn"], coalesce(var.policy_mode, "enforce"))
    error_message = "policy_mode is enforce, report or learn."
  }
}

variable "policy_file" {
  description = "Text of a policy file, JSON or YAML; it is mounted into the workspace and named by SPACETAIL_POLICY."
  type        = string
  default     = null
}

variable "metadata" {
  description = "allow or deny: the cloud credential endpoints (SPACETAIL_METADATA); null for allow."
  type        = string
  default     = null

  validation {
    condition     = var.metadata == null || contains(["allow", "deny"], coalesce(var.metadata, "allow"))
    error_message = "metadata is allow or deny."
  }
}

variable "proxy_token_enabled" {
  description = "Ask clients for a token, where other containers share the loopback (a Kubernetes pod)."
  type        = bool
  default     = false
  nullable    = false
}

variable "proxy_token" {
  description = "The token of proxy_token_enabled (SPACETAIL_PROXY_TOKEN). Never stored in the state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !var.proxy_token_enabled || var.proxy_token != null
    error_message = "proxy_token_enabled needs proxy_token."
  }
}

variable "environment" {
  description = "Further plain variables of the context, e.g. { SPACETAIL_UP_TIMEOUT = \"90s\" }. They win over the inputs above."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^(SPACETAIL_[A-Z0-9_]+|TS_[A-Z_]+|TRACE)$", name))])
    error_message = "environment takes SPACETAIL_*, TS_* and TRACE; other variables belong to a context of their own."
  }

  validation {
    condition = length(setintersection(keys(var.environment), [
      "TS_AUTHKEY", "TS_AUTH_KEY", "TS_OAUTH_CLIENT_SECRET", "TS_CLIENT_SECRET", "TS_ID_TOKEN", "SPACETAIL_PROXY_TOKEN",
    ])) == 0
    error_message = "environment is stored in the clear: give secrets by auth_key, oauth_client_secret or proxy_token."
  }
}
