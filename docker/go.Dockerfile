# One Go variant: built with the toolchain's image, run on the base that all languages share.
# The context is impls/go. Modules and compiled packages stay in cache mounts between builds; the toolchain
# is the image's own, never one fetched because go.mod asks for a newer one.
# ENGINE names a shared library that the variant loads: none, or onnxruntime with the lock onnxruntime.txt in its folder. Only the
# stages that it takes are built. CGO=1 lets the variant call into C: the toolchain's image has a C compiler.
ARG GOLANG=golang:1.26-trixie
ARG DEBIAN=debian:trixie-slim
ARG PYTHON=python:3.13-slim-trixie
ARG ENGINE=none

FROM ${GOLANG} AS build
ARG CGO=0
ENV CGO_ENABLED=${CGO} GOTOOLCHAIN=local GOMODCACHE=/cache/modules GOCACHE=/cache/build
WORKDIR /source
COPY . .
ARG VARIANT
RUN --mount=type=cache,target=/cache/modules --mount=type=cache,target=/cache/build \
    go build -trimpath -ldflags="-s -w" -o /bench "./${VARIANT}"

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
