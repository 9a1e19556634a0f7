terraform {
  # Write-only arguments and ephemeral variables, so that no secret reaches the state: Terraform and OpenTofu 1.11.
  required_version = ">= 1.11"

  required_providers {
    spacelift = {
      source = "spacelift-io/spacelift"
      # The first release with value_wo on environment variables.
      version = ">= 1.44"
    }
  }
}
