# A Python variant on an interpreter built from Debian's own source, for contrasts between builds of one CPython: CONFIGURE alone differs.
# Context: impls/python. Build arguments: VARIANT, the name of a folder in it; CONFIGURE, e.g. --disable-gil.
# Neither PGO nor LTO, in any of them: the contrast is between two interpreters made alike, not with a distributor's.
# The variants take no packages: there is no environment to make.
ARG PYTHON=python:3.13-slim-trixie
ARG DEBIAN=debian:trixie-slim

FROM ${DEBIAN} AS interpreter
RUN echo "deb-src http://deb.debian.org/debian trixie main" > /etc/apt/sources.list.d/sources.list && apt-get update && \
    apt-get install -y --no-install-recommends \
    ca-certificates dpkg-dev gcc libbz2-dev libc6-dev libffi-dev liblzma-dev libssl-dev make pkg-config xz-utils zlib1g-dev
WORKDIR /source
# apt checks the source against the archive's signed index; dpkg-source applies Debian's own patches.
RUN apt-get source --download-only python3.13 && dpkg-source --no-check --extract python3.13_*.dsc python
WORKDIR /source/python
ARG CONFIGURE
# The compiler's options, for who wants the answers and not the speed; unset, they are CPython's own.
ARG OPT
RUN ./configure --prefix=/opt/python --without-ensurepip --disable-test-modules ${CONFIGURE} && \
    make -j"$(nproc)" && make install && find /opt/python -name __pycache__ -prune -exec rm -rf {} +

FROM ${DEBIAN} AS variant
ARG VARIANT
COPY protocol/bench_protocol /opt/bench/protocol/bench_protocol
COPY shared /opt/bench/shared
COPY ${VARIANT} /opt/bench/${VARIANT}
RUN ln -s ${VARIANT} /opt/bench/variant

# Python's own image, for the libraries that an interpreter links.
FROM ${PYTHON}
COPY --from=interpreter /opt/python /opt/python
COPY --from=variant /opt/bench /opt/bench
RUN /opt/python/bin/python3 -m compileall -q /opt/python/lib /opt/bench
ENV PYTHONPATH=/opt/bench/protocol:/opt/bench/shared PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
WORKDIR /tmp
ENTRYPOINT ["/opt/python/bin/python3", "-m", "bench_protocol", "/opt/bench/variant"]
