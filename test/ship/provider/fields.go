package main

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

var descriptionPattern = regexp.MustCompile(`^[a-zA-Z0-9 -]*$`)

func required() *schema.Schema { return &schema.Schema{Type: schema.TypeString, Required: true} }
func optional() *schema.Schema { return &schema.Schema{Type: schema.TypeString, Optional: true} }

func computed(field *schema.Schema) *schema.Schema {
	field.Computed = true
	return field
}

func sensitive(field *schema.Schema) *schema.Schema {
	field.Sensitive = true
	return field
}

func forceNew(field *schema.Schema) *schema.Schema {
	field.ForceNew = true
	return field
}

func notEmpty(field *schema.Schema) *schema.Schema {
	field.ValidateFunc = validation.StringIsNotEmpty
	return field
}

func notEmptyElement() *schema.Schema {
	return &schema.Schema{Type: schema.TypeString, ValidateFunc: validation.StringIsNotEmpty}
}

func exactlyOneOf(field *schema.Schema, names ...string) *schema.Schema {
	field.ExactlyOneOf = names
	return field
}

// writeOnly is a value that never reaches the state: it needs its version and excludes the stored one.
func writeOnly(stored, version string) *schema.Schema {
	return &schema.Schema{
		Type: schema.TypeString, Optional: true, Sensitive: true, WriteOnly: true,
		ConflictsWith: []string{stored}, RequiredWith: []string{version},
	}
}

func versionOf(writeOnly, stored string) *schema.Schema {
	return &schema.Schema{
		Type: schema.TypeString, Optional: true, ForceNew: true,
		ConflictsWith: []string{stored}, RequiredWith: []string{writeOnly},
	}
}
