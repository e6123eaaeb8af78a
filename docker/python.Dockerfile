# Every Python variant: the locked wheels in a virtual environment, made where pip is, run where it is not needed.
# Context: impls/python. Build arguments: VARIANT, the name of a folder in it; PACKAGES, what its wheels need of Debian (e.g. libgomp1).
ARG PYTHON=python:3.13-slim-trixie

FROM ${PYTHON} AS builder
ARG VARIANT
COPY ${VARIANT}/requirements.txt /opt/requirements.txt
# No pip inside the environment, so that the image holds what runs and nothing else. pip byte-compiles what it installs.
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv --without-pip /opt/venv && \
    python3 -m pip --python /opt/venv/bin/python3 install --require-hashes --only-binary=:all: --requirement /opt/requirements.txt
COPY protocol/bench_protocol /opt/bench/protocol/bench_protocol
COPY shared /opt/bench/shared
COPY ${VARIANT} /opt/bench/${VARIANT}
# The entry point is a list and cannot name the variant: a link does, and is resolved to the folder's true name.
RUN python3 -m compileall -q /opt/bench && ln -s ${VARIANT} /opt/bench/variant

# The same base, so the interpreter that the environment links to is at the same place.
FROM ${PYTHON}
ARG PACKAGES
RUN if [ -n "${PACKAGES}" ]; then \
    apt-get update && apt-get install -y --no-install-recommends ${PACKAGES} && rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /opt/bench /opt/bench
ENV PYTHONPATH=/opt/bench/protocol:/opt/bench/shared PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
WORKDIR /tmp
ENTRYPOINT ["/opt/venv/bin/python3", "-m", "bench_protocol", "/opt/bench/variant"]
