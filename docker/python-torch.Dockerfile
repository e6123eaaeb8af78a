# A Python variant on Debian's PyTorch: PyPI's Linux wheel does not import without its CUDA packages, which take several GB.
# Context: impls/python. Build argument: VARIANT, the name of a folder in it. The interpreter is Debian's too, 3.13 as in the other images.
ARG DEBIAN=debian:trixie-slim

FROM ${DEBIAN}
ARG VARIANT
# Debian's PyTorch takes the BLAS of whoever provides it: alone it brings the reference one, which is many times slower; OpenBLAS takes its place.
RUN apt-get update && \
    apt-get install -y --no-install-recommends libopenblas0-pthread python3 python3-numpy python3-torch && \
    rm -rf /var/lib/apt/lists/*
COPY shared/image/blas.py /opt/blas.py
RUN python3 /opt/blas.py
COPY protocol/bench_protocol /opt/bench/protocol/bench_protocol
COPY shared /opt/bench/shared
COPY ${VARIANT} /opt/bench/${VARIANT}
RUN python3 -m compileall -q /opt/bench && ln -s ${VARIANT} /opt/bench/variant
ENV PYTHONPATH=/opt/bench/protocol:/opt/bench/shared PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
WORKDIR /tmp
ENTRYPOINT ["/usr/bin/python3", "-m", "bench_protocol", "/opt/bench/variant"]
