# One Rust variant: built with the toolchain's image, run on the base that all languages share.
# The context is impls/rust. The registry and one target folder for all variants stay in cache mounts.
ARG RUST=rust:1.95-slim-trixie
ARG DEBIAN=debian:trixie-slim

FROM ${RUST} AS build
# The slim image links but has no make, by which jemalloc is built.
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
ARG VARIANT
# Cargo is started in the variant's own folder, where it finds that variant's .cargo/config.toml.
WORKDIR /source/${VARIANT}
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target,sharing=locked \
    cargo build --release --locked --target-dir /target && cp "/target/release/bench-${VARIANT}" /bench

FROM ${DEBIAN}
COPY --from=build /bench /bench
USER 65534:65534
ENTRYPOINT ["/bench"]
