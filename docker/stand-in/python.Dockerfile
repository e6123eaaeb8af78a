# Stand-in for python:3.13-slim-trixie: Debian's own CPython, with venv and pip.
ARG DEBIAN
FROM ${DEBIAN}
# The official image has no EXTERNALLY-MANAGED marker (PEP 668), so pip installs there without a flag; so here.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv python3-pip python-is-python3 \
 && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED
COPY config/pip.conf /etc/pip.conf
CMD ["python3"]
