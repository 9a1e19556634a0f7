# A Spacelift plan policy (REGO_V1): the plan may have talked only to the hosts below, through spacetail, in this run.
# spacetail writes its report by `spacetail report --custom-input` in after_plan (plan_policy_input of the module);
# a file of another run, one with hosts left out, and none at all deny the plan.
package spacelift

import rego.v1

# host:port of what a plan may talk to; "" as port means any.
allowed := {
	"vault.tail1234.ts.net:443",
	"registry.opentofu.org:443",
}

report := object.get(input, ["third_party_metadata", "custom", "spacetail"], null)

deny contains "spacetail left no report of this plan" if report == null

deny contains sprintf("the report is of run %v, not of this one", [object.get(report, "run_id", null)]) if {
	report != null

	# Not `!=`, which is undefined where one of them is missing.
	not report.run_id == input.spacelift.run.id
}

deny contains "the plan talked to more hosts than the report holds" if {
	report != null
	not report.complete
}

deny contains sprintf("the plan talked to %s (%s)", [target, destination.route]) if {
	report != null
	some destination in report.destinations
	# What the bridge refused was not talked to.
	destination.requests > destination.denied
	target := sprintf("%s:%d", [destination.host, destination.port])
	not target in allowed
	not sprintf("%s:", [destination.host]) in allowed
}

warn contains sprintf("%d requests were denied by spacetail's own rules", [report.totals.denied]) if {
	report != null
	report.totals.denied > 0
}
