package main

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

// spacelift is the part of spacelift-io/spacelift that terraform/ and examples/ use, as documented at 1.53.
func spacelift() *schema.Provider {
	return &schema.Provider{
		Schema: map[string]*schema.Schema{
			"api_key_endpoint": optional(),
			"api_key_id":       optional(),
			"api_key_secret":   sensitive(optional()),
			"api_token":        sensitive(optional()),
		},
		ResourcesMap: map[string]*schema.Resource{
			"spacelift_context":              spaceliftContext(),
			"spacelift_context_attachment":   spaceliftContextAttachment(),
			"spacelift_environment_variable": spaceliftEnvironmentVariable(),
			"spacelift_mounted_file":         spaceliftMountedFile(),
			"spacelift_policy":               spaceliftPolicy(),
			"spacelift_policy_attachment":    spaceliftPolicyAttachment(),
			"spacelift_stack":                spaceliftStack(),
		},
	}
}

var hookNames = []string{
	"after_apply", "after_destroy", "after_init", "after_perform", "after_plan", "after_run",
	"before_apply", "before_destroy", "before_init", "before_perform", "before_plan",
}

func withHooks(fields map[string]*schema.Schema) map[string]*schema.Schema {
	for _, name := range hookNames {
		fields[name] = &schema.Schema{Type: schema.TypeList, Elem: notEmptyElement(), Optional: true}
	}
	return fields
}

func spaceliftContext() *schema.Resource {
	return resource("spacelift_context", withHooks(map[string]*schema.Schema{
		"name":        notEmpty(required()),
		"description": optional(),
		"labels":      {Type: schema.TypeSet, Elem: notEmptyElement(), Optional: true},
		"space_id":    computed(optional()),
	}))
}

func spaceliftContextAttachment() *schema.Resource {
	return resource("spacelift_context_attachment", map[string]*schema.Schema{
		"context_id": forceNew(required()),
		"stack_id":   exactlyOneOf(forceNew(optional()), "module_id", "stack_id"),
		"module_id":  forceNew(optional()),
		"priority":   {Type: schema.TypeInt, Optional: true, Default: 0},
	})
}

func spaceliftEnvironmentVariable() *schema.Resource {
	value := sensitive(forceNew(optional()))
	value.Default = ""
	value.ConflictsWith = []string{"value_wo", "value_wo_version"}
	return resource("spacelift_environment_variable", map[string]*schema.Schema{
		"checksum":         computed(&schema.Schema{Type: schema.TypeString}),
		"context_id":       exactlyOneOf(forceNew(optional()), "context_id", "stack_id", "module_id"),
		"stack_id":         forceNew(optional()),
		"module_id":        forceNew(optional()),
		"name":             notEmpty(forceNew(required())),
		"value":            value,
		"value_wo":         writeOnly("value", "value_wo_version"),
		"value_wo_version": versionOf("value_wo", "value"),
		"write_only":       {Type: schema.TypeBool, Optional: true, Default: true, ForceNew: true},
		"description":      forceNew(optional()),
	})
}

func spaceliftMountedFile() *schema.Resource {
	content := notEmpty(sensitive(forceNew(optional())))
	content.ConflictsWith = []string{"content_wo", "content_wo_version"}
	content.AtLeastOneOf = []string{"content", "content_wo"}
	return resource("spacelift_mounted_file", map[string]*schema.Schema{
		"checksum":           computed(&schema.Schema{Type: schema.TypeString}),
		"content":            content,
		"content_wo":         writeOnly("content", "content_wo_version"),
		"content_wo_version": versionOf("content_wo", "content"),
		"context_id":         exactlyOneOf(forceNew(optional()), "context_id", "module_id", "stack_id"),
		"stack_id":           forceNew(optional()),
		"module_id":          forceNew(optional()),
		"relative_path":      forceNew(required()),
		"description":        forceNew(optional()),
		"write_only":         {Type: schema.TypeBool, Optional: true, Default: true, ForceNew: true},
	})
}

func spaceliftPolicy() *schema.Resource {
	kind := forceNew(required())
	kind.ValidateFunc = validation.StringInSlice([]string{
		"ACCESS", "APPROVAL", "GIT_PUSH", "INITIALIZATION", "INTENT", "LOGIN", "PLAN", "TASK", "TRIGGER", "NOTIFICATION",
		"STACK_ACCESS", "TASK_RUN", "TERRAFORM_PLAN",
	}, false)
	engine := computed(optional())
	engine.ValidateFunc = validation.StringInSlice([]string{"REGO_V0", "REGO_V1"}, false)
	return resource("spacelift_policy", map[string]*schema.Schema{
		"name":        notEmpty(required()),
		"body":        notEmpty(required()),
		"type":        kind,
		"description": notEmpty(optional()),
		"engine_type": engine,
		"labels":      {Type: schema.TypeSet, Elem: notEmptyElement(), Optional: true},
		"space_id":    computed(optional()),
	})
}

func spaceliftPolicyAttachment() *schema.Resource {
	return resource("spacelift_policy_attachment", map[string]*schema.Schema{
		"policy_id": forceNew(required()),
		"stack_id":  exactlyOneOf(forceNew(optional()), "module_id", "stack_id"),
		"module_id": forceNew(optional()),
	})
}

// spaceliftStack has the arguments that the examples use, out of a longer list.
func spaceliftStack() *schema.Resource {
	tool := optional()
	tool.ValidateFunc = validation.StringInSlice([]string{"OPEN_TOFU", "TERRAFORM_FOSS", "CUSTOM"}, false)
	return resource("spacelift_stack", withHooks(map[string]*schema.Schema{
		"name":                    notEmpty(required()),
		"repository":              notEmpty(required()),
		"branch":                  notEmpty(required()),
		"autodeploy":              {Type: schema.TypeBool, Optional: true, Default: false},
		"description":             optional(),
		"labels":                  {Type: schema.TypeSet, Elem: notEmptyElement(), Optional: true},
		"project_root":            optional(),
		"runner_image":            optional(),
		"space_id":                computed(optional()),
		"terraform_version":       optional(),
		"terraform_workflow_tool": tool,
		"worker_pool_id":          optional(),
	}))
}
