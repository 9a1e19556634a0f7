# The smallest set-up: stacks with the label "tailnet" get the hooks. The credentials (TS_AUTHKEY, or TS_OAUTH_CLIENT_ID
# and TS_OAUTH_CLIENT_SECRET) are in another context or on the stack, as users of the bash script have them.
terraform {
  required_version = ">= 1.11"

  required_providers {
    spacelift = {
      source  = "spacelift-io/spacelift"
      version = ">= 1.44"
    }
  }
}

module "spacetail" {
  source = "../../../terraform"

  context_labels = ["autoattach:tailnet"]
  space_id       = "root"
}
