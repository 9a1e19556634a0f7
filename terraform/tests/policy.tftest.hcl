mock_provider "spacelift" {}

run "rules_become_variables_one_word_a_rule" {
  variables {
    allow       = ["*.tail1234.ts.net:443", "tag:db:5432"]
    deny        = ["peer:vault"]
    direct      = ["*.corp.example", "10.0.0.0/8"]
    policy_mode = "report"
    metadata    = "deny"
  }

  assert {
    condition = (
      spacelift_environment_variable.plain["SPACETAIL_ALLOW"].value == "*.tail1234.ts.net:443 tag:db:5432" &&
      spacelift_environment_variable.plain["SPACETAIL_DENY"].value == "peer:vault" &&
      spacelift_environment_variable.plain["SPACETAIL_DIRECT"].value == "*.corp.example 10.0.0.0/8" &&
      spacelift_environment_variable.plain["SPACETAIL_POLICY_MODE"].value == "report" &&
      spacelift_environment_variable.plain["SPACETAIL_METADATA"].value == "deny"
    )
    error_message = "A rule or the mode is not what was given."
  }
}

run "a_policy_file_is_mounted_and_named" {
  variables {
    policy_file = "allow:\n  - tag:db:5432\n"
  }

  assert {
    condition = (
      spacelift_mounted_file.policy[0].relative_path == "spacetail/policy.yaml" &&
      base64decode(spacelift_mounted_file.policy[0].content) == "allow:\n  - tag:db:5432\n" &&
      spacelift_environment_variable.plain["SPACETAIL_POLICY"].value == "/mnt/workspace/spacetail/policy.yaml"
    )
    error_message = "The file is not mounted where SPACETAIL_POLICY looks for it."
  }
}

run "the_proxy_token_is_write-only" {
  variables {
    proxy_token_enabled = true
    proxy_token         = "token-of-the-pod"
  }

  assert {
    condition = (
      spacelift_environment_variable.proxy_token[0].name == "SPACETAIL_PROXY_TOKEN" &&
      spacelift_environment_variable.proxy_token[0].write_only &&
      spacelift_environment_variable.proxy_token[0].value_wo == null
    )
    error_message = "The token is stored or readable."
  }
}

run "a_token_that_is_asked_for_and_not_given_is_refused" {
  command = plan

  variables {
    proxy_token_enabled = true
  }

  expect_failures = [var.proxy_token]
}

run "further_variables_win" {
  variables {
    hostname              = "from-input"
    extra_args            = "--ssh"
    tailscaled_extra_args = "--verbose=1"
    environment           = { TS_HOSTNAME = "from-environment", SPACETAIL_UP_TIMEOUT = "90s", TRACE = "1" }
  }

  assert {
    condition = output.environment == tomap({
      TS_HOSTNAME              = "from-environment"
      TS_EXTRA_ARGS            = "--ssh"
      TS_TAILSCALED_EXTRA_ARGS = "--verbose=1"
      SPACETAIL_UP_TIMEOUT     = "90s"
      TRACE                    = "1"
    })
    error_message = "The plain variables are not those given."
  }
}

run "two_rules_in_one_entry_are_refused" {
  command = plan

  variables {
    allow = ["a.example:443 b.example:443"]
  }

  expect_failures = [var.allow]
}

run "an_unknown_mode_is_refused" {
  command = plan

  variables {
    policy_mode = "audit"
  }

  expect_failures = [var.policy_mode]
}

run "a_variable_that_is_none_of_ours_is_refused" {
  command = plan

  variables {
    environment = { AWS_REGION = "eu-west-1" }
  }

  expect_failures = [var.environment]
}
