package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/hashicorp/go-cty/cty"
	ctyjson "github.com/hashicorp/go-cty/cty/json"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// resource keeps what it is given: an id made of its type and name, documented computed fields filled in.
func resource(kind string, fields map[string]*schema.Schema) *schema.Resource {
	made := &schema.Resource{
		Schema: fields,
		CreateContext: func(_ context.Context, data *schema.ResourceData, _ any) diag.Diagnostics {
			data.SetId(identity(kind, data.GetRawConfig()))
			if diags := fill(fields, data); diags.HasError() {
				return diags
			}
			return record("create", kind, data.Id(), data.GetRawConfig())
		},
		ReadContext: schema.NoopContext,
		DeleteContext: func(_ context.Context, data *schema.ResourceData, _ any) diag.Diagnostics {
			return record("delete", kind, data.Id(), cty.NilVal)
		},
		Importer: &schema.ResourceImporter{StateContext: schema.ImportStatePassthroughContext},
	}
	for _, field := range fields {
		if !field.ForceNew && (field.Required || field.Optional) && !field.WriteOnly {
			made.UpdateContext = func(_ context.Context, data *schema.ResourceData, _ any) diag.Diagnostics {
				return record("update", kind, data.Id(), data.GetRawConfig())
			}
		}
	}
	return made
}

func text(config cty.Value, name string) string {
	if !config.Type().HasAttribute(name) {
		return ""
	}
	value := config.GetAttr(name)
	if value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

func identity(kind string, config cty.Value) string {
	for _, name := range []string{"name", "relative_path", "subject", "policy_id", "stack_id", "module_id"} {
		if value := text(config, name); value != "" {
			return kind + "/" + value
		}
	}
	return kind + "/made"
}

// fill sets computed fields that were left open, the checksum of the value among them.
func fill(fields map[string]*schema.Schema, data *schema.ResourceData) diag.Diagnostics {
	config := data.GetRawConfig()
	for name, field := range fields {
		if !field.Computed || text(config, name) != "" {
			continue
		}
		value := "made-" + name
		if name == "checksum" {
			sum := sha256.Sum256([]byte(firstText(config, "value", "value_wo", "content", "content_wo")))
			value = hex.EncodeToString(sum[:])
		}
		if err := data.Set(name, value); err != nil {
			return diag.FromErr(err)
		}
	}
	return nil
}

func firstText(config cty.Value, names ...string) string {
	for _, name := range names {
		if value := text(config, name); value != "" {
			return value
		}
	}
	return ""
}

var recording sync.Mutex

// record appends what an API would have been sent, write-only values included, to STANDIN_RECORD.
func record(action, kind, id string, config cty.Value) diag.Diagnostics {
	path := os.Getenv("STANDIN_RECORD")
	if path == "" {
		return nil
	}
	line := map[string]any{"action": action, "type": kind, "id": id}
	if config != cty.NilVal {
		bytes, err := ctyjson.Marshal(config, config.Type())
		if err != nil {
			return diag.FromErr(fmt.Errorf("record %s: %w", kind, err))
		}
		line["config"] = json.RawMessage(bytes)
	}
	bytes, err := json.Marshal(line)
	if err != nil {
		return diag.FromErr(err)
	}
	recording.Lock()
	defer recording.Unlock()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return diag.FromErr(err)
	}
	defer file.Close()
	if _, err := file.Write(append(bytes, '\n')); err != nil {
		return diag.FromErr(err)
	}
	return nil
}
