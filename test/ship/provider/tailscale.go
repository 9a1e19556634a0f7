package main

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

// tailscale is the part of tailscale/tailscale that examples/ use.
func tailscale() *schema.Provider {
	return &schema.Provider{
		Schema: map[string]*schema.Schema{
			"api_key":             sensitive(optional()),
			"oauth_client_id":     optional(),
			"oauth_client_secret": sensitive(optional()),
			"scopes":              {Type: schema.TypeList, Elem: &schema.Schema{Type: schema.TypeString}, Optional: true},
			"tailnet":             optional(),
		},
		ResourcesMap: map[string]*schema.Resource{
			"tailscale_federated_identity": tailscaleFederatedIdentity(),
			"tailscale_oauth_client":       tailscaleOauthClient(),
		},
	}
}

func stringSet(requiredSet bool) *schema.Schema {
	return &schema.Schema{
		Type: schema.TypeSet, Elem: &schema.Schema{Type: schema.TypeString},
		Required: requiredSet, Optional: !requiredSet,
	}
}

func tailscaleFederatedIdentity() *schema.Resource {
	issuer := required()
	issuer.ValidateFunc = validation.IsURLWithHTTPS
	return resource("tailscale_federated_identity", map[string]*schema.Schema{
		"issuer":   issuer,
		"scopes":   stringSet(true),
		"subject":  required(),
		"audience": computed(optional()),
		"custom_claim_rules": {
			Type: schema.TypeMap, Elem: &schema.Schema{Type: schema.TypeString}, Optional: true,
		},
		"description": description(),
		"tags":        stringSet(false),
		"created_at":  computed(&schema.Schema{Type: schema.TypeString}),
		"updated_at":  computed(&schema.Schema{Type: schema.TypeString}),
		"user_id":     computed(&schema.Schema{Type: schema.TypeString}),
	})
}

func tailscaleOauthClient() *schema.Resource {
	return resource("tailscale_oauth_client", map[string]*schema.Schema{
		"scopes":      stringSet(true),
		"description": description(),
		"tags":        stringSet(false),
		"created_at":  computed(&schema.Schema{Type: schema.TypeString}),
		"key":         sensitive(computed(&schema.Schema{Type: schema.TypeString})),
		"user_id":     computed(&schema.Schema{Type: schema.TypeString}),
	})
}

// description is documented as alphanumeric; spaces and hyphens are taken too.
func description() *schema.Schema {
	field := optional()
	field.ValidateFunc = validation.StringMatch(descriptionPattern, "letters, digits, spaces and hyphens only")
	return field
}
