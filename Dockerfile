# The Spacelift runner with spacetail, tailscale and tailscaled. `make docker-build`; docs/image.md says what is in it.
#
# Every base is an argument, so that the tests build the same stages on bases made from Debian packages. Both builder
# stages run on the build machine's own platform and cross-compile: only the last stage is the target's.
#
# Spacelift's runners know the user spacelift (uid 1983) by name:
# hadolint global ignore=DL3066

ARG RUNNER_IMAGE=public.ecr.aws/spacelift/runner-terraform:latest
ARG GO_IMAGE=docker.io/library/golang:1.26-alpine
# Bundles spacetail (node and npm). Where NODE_FROM is copy, its /usr/local/bin/node goes into the runner as well: then
# it has to be of the runner's own libc.
ARG NODE_IMAGE=docker.io/library/node:24-alpine
# apk (Alpine's nodejs 24, the default), copy (from NODE_IMAGE), or base (the runner has Node >= 22.19 already).
ARG NODE_FROM=apk

# --- tailscaled and tailscale: one static binary under two names -------------------------------------------------
# hadolint ignore=DL3006
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS tailscale
# The SBOM lists what this stage built from: the binary's modules.
ARG BUILDKIT_SBOM_SCAN_STAGE=true
ARG TARGETOS
ARG TARGETARCH
ENV CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local
WORKDIR /src
COPY scripts/ship/tailscale/go.mod scripts/ship/tailscale/go.sum scripts/ship/tailscale/build.sh ./
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    sh build.sh /out "${TARGETOS:-linux}" "${TARGETARCH}"

# --- spacetail: a small bin and one bundle -------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS spacetail
# And the npm packages, which the bundle does not name any more.
ARG BUILDKIT_SBOM_SCAN_STAGE=true
WORKDIR /build/spacetail
COPY package.json package-lock.json .npmrc ./
# Production dependencies go in beside the sources; esbuild stays a folder above, so that it can't get into the bundle.
RUN --mount=type=cache,target=/root/.npm \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && npm install --prefix /build --ignore-scripts --no-audit --no-fund --no-save \
       "esbuild@$(node -p "require('./package-lock.json').packages['node_modules/esbuild'].version")"
COPY scripts ./scripts
COPY schema ./schema
COPY src ./src
# The package as npm lays it out, since the bin and the bundle look for each other there; package.json says that the bin
# is an ES module. The name on PATH is a link to the bin. The man page and the completions lie where man and each shell look.
RUN node scripts/build.ts --command-only \
    && mkdir -p /out/bin /out/lib/spacetail/dist /out/share/man/man1 /out/share/bash-completion/completions \
       /out/share/zsh/site-functions /out/share/fish/vendor_completions.d \
    && cp package.json /out/lib/spacetail/ \
    && cp dist/spacetail.js dist/main.cjs /out/lib/spacetail/dist/ \
    && ln -s ../lib/spacetail/dist/spacetail.js /out/bin/spacetail \
    && cp dist/spacetail.1 /out/share/man/man1/ \
    && cp dist/completion/spacetail.bash /out/share/bash-completion/completions/spacetail \
    && cp dist/completion/_spacetail /out/share/zsh/site-functions/ \
    && cp dist/completion/spacetail.fish /out/share/fish/vendor_completions.d/

# --- our files alone, for a runner image of one's own: COPY --from=…:v1-files / /usr/local/ ----------------------
FROM scratch AS files
COPY --from=tailscale /out/ /bin/
COPY --from=spacetail /out/ /

# --- Node for the runner, three ways ----------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${NODE_IMAGE} AS node

# hadolint ignore=DL3006
FROM ${RUNNER_IMAGE} AS runner-base
# hadolint ignore=DL3002
USER root

FROM runner-base AS runner-apk
# The runner's own Alpine release pins nodejs; its 24 line is the only one there.
# hadolint ignore=DL3018
RUN apk add --no-cache nodejs

FROM runner-base AS runner-copy
COPY --from=node /usr/local/bin/node /usr/local/bin/node

# --- the image --------------------------------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM runner-${NODE_FROM} AS image
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=https://github.com/OWNER/spacetail
LABEL org.opencontainers.image.title="spacetail" \
      org.opencontainers.image.description="Spacelift runner that reaches a Tailscale tailnet through a proxy bridge" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="MIT"
# Two layers: tailscaled's, the large one, stays the same from one release of spacetail to the next.
COPY --from=tailscale /out/ /usr/local/bin/
COPY --from=spacetail /out/ /usr/local/
# Spacelift's worker is the root process and starts everything as this user (uid 1983).
USER spacelift
