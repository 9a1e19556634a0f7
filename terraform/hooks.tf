locals {
  # One file, so that the tests of the client matrix run the very hooks that the context gets.
  hooks = jsondecode(file("${path.module}/hooks.json"))

  # Spacelift chains the hooks of a phase with && in the phase's own shell (BusyBox ash in its own images):
  # each entry is one command that is safe there, and a failed `spacetail up` skips the phase.
  before = { for phase in var.phases : phase => local.hooks.before }
  after = {
    for phase in var.phases : phase => concat(
      # While the bridge still runs; the EXIT trap comes after the after-hooks.
      var.plan_policy_input && phase == "plan" ? local.hooks.plan_policy_input : [],
      local.hooks.after,
    )
  }
}
