// Command provider is a stand-in for two Terraform providers that cannot be had as Go modules: spacelift-io/spacelift
// and tailscale/tailscale. Only the resources that this repository uses are there. Their schemas say what the
// providers' public documentation says (names, types, required, computed, conflicts, write-only, force new), so that
// every argument of our module and examples is checked; nothing is sent anywhere.
//
// STANDIN_PROVIDER picks which one it is; by default the file's own name does (terraform-provider-tailscale).
// STANDIN_RECORD names a file that gets one JSON line for each create, update and delete, with all that the API
// would have been sent: the tests compare it with the state.
package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/plugin"
)

func main() {
	name := os.Getenv("STANDIN_PROVIDER")
	if name == "" {
		base := filepath.Base(os.Args[0])
		name = strings.SplitN(strings.TrimPrefix(base, "terraform-provider-"), "_", 2)[0]
	}
	build := spacelift
	if name == "tailscale" {
		build = tailscale
	}
	plugin.Serve(&plugin.ServeOpts{ProviderFunc: func() *schema.Provider { return build() }})
}
