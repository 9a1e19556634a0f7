# The front door: `make demo` shows the main job, `make test` runs everything, `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/spacetail
export PATH := $(shell CACHE="$(CACHE)" sh scripts/node-path.sh)$(PATH)

node_modules/.package-lock.json: package.json package-lock.json
	@sh scripts/bring-node.sh "$(CACHE)"
	@npm ci --no-audit --no-fund --loglevel=error
	@npx tap build >/dev/null
	@touch $@

.PHONY: deps
deps: node_modules/.package-lock.json

.PHONY: demo
demo: build tailnet ## Show curl, git and a Go program reach an offline tailnet through the bridge
	@node test/tailnet/enter.ts -- node test/demo/demo.ts

.PHONY: test
test: deps ## Lint, build, unit tests, the real tailnet, the demo; ends with `N passed, N failed`
	@node scripts/test.ts

.PHONY: build
build: deps ## One bundle for the bin, types for the API: dist/
	@node scripts/build.ts

.PHONY: lint
lint: deps ## Types, oxlint, oxfmt, knip, publint, licences, docs
	@node scripts/lint.ts

.PHONY: format
format: deps ## Write the formatting that lint asks for
	@npx oxfmt src test scripts

.PHONY: tailnet
tailnet: deps ## Build headscale, tailscale and tailscaled into the cache folder (3-7 min the first time)
	@node test/tailnet/build.ts

.PHONY: bench
bench: build tailnet ## Print speed and memory figures as ratios, the peers side by side
	@node test/tailnet/enter.ts -- node test/bench/main.ts

.PHONY: help
help: ## Print this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16
