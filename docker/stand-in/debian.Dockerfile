# Stand-in for debian:trixie-slim: Debian's minimal system and the machine's own certificate authorities.
FROM scratch
ADD root.tar /
COPY certificates/ /usr/local/share/ca-certificates/
RUN update-ca-certificates
# Clients that bring a list of authorities of their own are pointed at the system's.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt
CMD ["bash"]
