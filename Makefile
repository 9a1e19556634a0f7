# The front door: `make demo` shows the main job, `make test` runs everything, `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/spacetail
# Without the Node that is brought.
MACHINE_PATH := $(PATH)
export PATH := $(shell CACHE="$(CACHE)" sh scripts/node-path.sh)$(PATH)

node_modules/.package-lock.json: package.json package-lock.json
	@sh scripts/bring-node.sh "$(CACHE)"
	@npm ci --no-audit --no-fund --loglevel=error
	@npx tap build >/dev/null
	@touch $@

.PHONY: deps
deps: node_modules/.package-lock.json

# What demo, test and clients run and is missing, apt installs where that can be done without asking; what is missing
# then is a failure of its row.
.PHONY: demo
demo: build ## Show curl, git and a Go program reach an offline tailnet through the bridge
	@sh scripts/packages.sh demo
	@node test/tailnet/build.ts
	@node test/tailnet/enter.ts -- node test/demo/demo.ts

.PHONY: test
test: deps ## Build, lint, unit tests, the real tailnet, clients, the demo, what is shipped; ends with `N passed, N failed`
	@sh scripts/packages.sh test
	@node scripts/test.ts

.PHONY: test-empty
test-empty: ## `make test` on a fresh clone with empty caches, in a folder of its own; AS=name for an ordinary user, as root
	@PATH="$(MACHINE_PATH)" sh scripts/test-empty.sh $(AS)

.PHONY: build
build: deps ## The command line, the API, the man page and the completions: dist/
	@node scripts/build.ts

.PHONY: lint
lint: build ## Types, oxlint, oxfmt, knip, publint, are-the-types-wrong, licences, docs/errors.md, docs/dependencies.md
	@node scripts/lint.ts

.PHONY: format
format: deps ## Write the formatting that lint asks for
	@npx oxfmt src test scripts

.PHONY: tailnet
tailnet: deps ## Build headscale, tailscale and tailscaled into the cache folder (3-7 min the first time)
	@node test/tailnet/build.ts

.PHONY: clients
clients: build ## Every client of docs/clients.md through the bridge; writes that page from the run
	@sh scripts/packages.sh clients
	@node test/clients/main.ts

.PHONY: bench
bench: build tailnet ## Speed and memory against the peers, as ratios with their bars; writes docs/benchmarks.md
	@node test/bench/main.ts --write docs/benchmarks.md $(BENCH)

.PHONY: bench-quick
bench-quick: build tailnet ## Most of it in two minutes, less exact; writes nothing
	@node test/bench/main.ts --quick $(BENCH)

MINUTES ?= 2
.PHONY: soak
soak: build tailnet ## One run under traffic and a fault every few seconds for MINUTES (2): failures by cause, RSS, fds
	@SPACETAIL_SOAK_MINUTES=$(MINUTES) node test/faults/soak.ts

.PHONY: soak-preconnect
soak-preconnect: build tailnet ## Dial ahead against hostile and dying origins for MINUTES (2), counted by the origins
	@SPACETAIL_SOAK_MINUTES=$(MINUTES) node test/faults/spares-soak.ts

CYCLES ?= 50
.PHONY: soak-cycles
soak-cycles: build tailnet ## up, request, down, CYCLES times (50): nothing may be left and memory may not grow
	@SPACETAIL_SOAK_CYCLES=$(CYCLES) node test/lifecycle/run/soak.test.ts

SECONDS ?= 60
.PHONY: fuzz
fuzz: deps ## Every parser on inputs near to its corpus, for SECONDS=n (60); TARGET=name, SEED=n
	@SECONDS_IN_ALL=$(SECONDS) node test/fuzz/main.ts

IMAGE ?= spacetail
IMAGE_ARGS = --build-arg VERSION=$(shell sed -nE 's/^  "version": "(.*)",/\1/p' package.json) \
  --build-arg REVISION=$(shell git rev-parse HEAD) --build-arg CREATED=$(shell date -u +%Y-%m-%dT%H:%M:%SZ)

.PHONY: docker-build
docker-build: ## Build the image for this machine
	@docker build $(IMAGE_ARGS) --tag $(IMAGE):dev .

.PHONY: docker-buildx
docker-buildx: ## Build the image for amd64 and arm64, with SBOM and provenance, into image.tar
	@docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max $(IMAGE_ARGS) --output type=oci,dest=image.tar .

.PHONY: docker-test
docker-test: deps tailnet ## Build the image without Docker (buildah, as root) and run it on the offline tailnet
	@bash test/ship/image.sh

.PHONY: docker-size
docker-size: docker-build ## Print what the image adds, by layer; fails above 90 MB
	@sh scripts/ship/size.sh docker $(IMAGE):dev 90

.PHONY: ship-check
ship-check: deps ## OpenTofu, actionlint, hadolint and OPA on what is shipped
	@node test/ship/check.ts

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
