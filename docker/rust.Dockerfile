# One Rust variant: built with the toolchain's image, run on the base that all languages share.
# The context is impls/rust. The registry and one target folder for all variants stay in cache mounts.
# ENGINE names a shared library that the variant loads: none, or onnxruntime with the lock onnxruntime.txt in its folder. Only the
# stages that it takes are built.
ARG RUST=rust:1.95-slim-trixie
ARG DEBIAN=debian:trixie-slim
ARG PYTHON=python:3.13-slim-trixie
ARG ENGINE=none

FROM ${RUST} AS build
# The slim image links but has no make, by which jemalloc is built.
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
ARG VARIANT
# Profiles of Cargo's by their variables, for who wants the answers and not the speed; unset, they are the manifest's.
ARG CARGO_PROFILE_RELEASE_OPT_LEVEL
ARG CARGO_PROFILE_RELEASE_LTO
ARG CARGO_PROFILE_RELEASE_CODEGEN_UNITS
# Cargo is started in the variant's own folder, where it finds that variant's .cargo/config.toml.
WORKDIR /source/${VARIANT}
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target,sharing=locked \
    cargo build --release --locked --target-dir /target && cp "/target/release/bench-${VARIANT}" /bench

FROM ${PYTHON} AS onnxruntime
ARG VARIANT
COPY ${VARIANT}/onnxruntime.txt /opt/onnxruntime.txt
# The wheel's modules are unpacked with it and left behind.
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m pip install --no-deps --no-compile --require-hashes --only-binary=:all: --target /opt/wheel --requirement /opt/onnxruntime.txt && \
    cp /opt/wheel/onnxruntime/capi/libonnxruntime.so.* /opt/libonnxruntime.so

FROM ${DEBIAN} AS engine-none

FROM ${DEBIAN} AS engine-onnxruntime
COPY --from=onnxruntime /opt/libonnxruntime.so /usr/local/lib/libonnxruntime.so

FROM engine-${ENGINE}
COPY --from=build /bench /bench
USER 65534:65534
ENTRYPOINT ["/bench"]
