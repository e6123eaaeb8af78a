# One Go variant: built with the toolchain's image, run on the base that all languages share.
# The context is impls/go. Modules and compiled packages stay in cache mounts between builds; the toolchain
# is the image's own, never one fetched because go.mod asks for a newer one.
ARG GOLANG=golang:1.26-trixie
ARG DEBIAN=debian:trixie-slim

FROM ${GOLANG} AS build
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOMODCACHE=/cache/modules GOCACHE=/cache/build
WORKDIR /source
COPY . .
ARG VARIANT
RUN --mount=type=cache,target=/cache/modules --mount=type=cache,target=/cache/build \
    go build -trimpath -ldflags="-s -w" -o /bench "./${VARIANT}"

FROM ${DEBIAN}
COPY --from=build /bench /bench
USER 65534:65534
ENTRYPOINT ["/bench"]
