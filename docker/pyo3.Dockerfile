# A Python variant whose extension module is Rust: compiled with Rust's toolchain image, carried by Python's.
# Context: impls. Build argument: VARIANT, the name of a folder in impls/python.
ARG RUST=rust:1.95-slim-trixie
ARG PYTHON=python:3.13-slim-trixie

FROM ${RUST} AS extension
WORKDIR /source
COPY rust .
WORKDIR /source/python-kernels
# As in rust.Dockerfile.
ARG CARGO_PROFILE_RELEASE_OPT_LEVEL
ARG CARGO_PROFILE_RELEASE_LTO
ARG CARGO_PROFILE_RELEASE_CODEGEN_UNITS
# No Python here: abi3 leaves everything about the interpreter to the stable interface.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target,sharing=locked \
    cargo build --release --locked --target-dir /target && \
    mkdir /extension && cp /target/release/libbench_kernels.so /extension/bench_kernels.abi3.so

# From here on as in python.Dockerfile.
FROM ${PYTHON} AS builder
ARG VARIANT
COPY python/${VARIANT}/requirements.txt /opt/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv --without-pip /opt/venv && \
    python3 -m pip --python /opt/venv/bin/python3 install --require-hashes --only-binary=:all: --requirement /opt/requirements.txt
COPY python/protocol/bench_protocol /opt/bench/protocol/bench_protocol
COPY python/shared /opt/bench/shared
COPY python/${VARIANT} /opt/bench/${VARIANT}
COPY --from=extension /extension /opt/bench/extension
RUN python3 -m compileall -q /opt/bench && ln -s ${VARIANT} /opt/bench/variant

FROM ${PYTHON}
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /opt/bench /opt/bench
ENV PYTHONPATH=/opt/bench/protocol:/opt/bench/shared:/opt/bench/extension PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
WORKDIR /tmp
ENTRYPOINT ["/opt/venv/bin/python3", "-m", "bench_protocol", "/opt/bench/variant"]
