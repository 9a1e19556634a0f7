package spacelift_test

import data.spacelift
import rego.v1

totals := {"requests": 1, "errors": 0, "denied": 0, "would_deny": 0, "bytes_up": 1, "bytes_down": 1}

destination(host, port) := object.union(totals, {"host": host, "port": port, "route": "tailnet", "peer": "vault"})

with_report(report) := {
	"spacelift": {"run": {"id": "01RUN"}},
	"third_party_metadata": {"custom": {"spacetail": report}},
}

report(destinations) := {"run_id": "01RUN", "complete": true, "totals": totals, "destinations": destinations}

test_allowed_hosts_pass if {
	count(spacelift.deny) == 0 with input as with_report(report([destination("vault.tail1234.ts.net", 443)]))
}

test_an_unexpected_host_is_denied if {
	spacelift.deny == {"the plan talked to evil.example:443 (tailnet)"} with input as with_report(report([destination("evil.example", 443)]))
}

test_another_port_is_denied if {
	count(spacelift.deny) == 1 with input as with_report(report([destination("vault.tail1234.ts.net", 22)]))
}

test_a_refused_request_is_no_talk if {
	refused := object.union(destination("evil.example", 443), {"denied": 1})
	count(spacelift.deny) == 0 with input as with_report(report([refused]))
}

test_a_missing_report_is_denied if {
	spacelift.deny == {"spacetail left no report of this plan"} with input as {"spacelift": {"run": {"id": "01RUN"}}}
}

test_a_report_of_another_run_is_denied if {
	stale := object.union(report([]), {"run_id": "01OTHER"})
	spacelift.deny == {"the report is of run 01OTHER, not of this one"} with input as with_report(stale)
}

test_a_report_without_a_run_is_denied if {
	stale := object.union(report([]), {"run_id": null})
	count(spacelift.deny) == 1 with input as with_report(stale)
}

test_hosts_left_out_are_denied if {
	partial := object.union(report([]), {"complete": false})
	spacelift.deny == {"the plan talked to more hosts than the report holds"} with input as with_report(partial)
}

test_a_report_that_names_no_run_is_denied if {
	nameless := object.remove(report([]), ["run_id"])
	count(spacelift.deny) == 1 with input as with_report(nameless)
}

test_an_input_that_names_no_run_is_denied if {
	count(spacelift.deny) == 1 with input as object.remove(with_report(report([])), ["spacelift"])
}
