"""The numbers of the contract that any server keeps, and the answers that are given without the application."""

import json

BODY_BYTES = 1 << 20
HEADER_BYTES = 16 << 10

HEADER_S, BODY_S, IDLE_S, WRITE_S, DRAIN_S, LINGER_S = 10, 30, 75, 30, 10, 1
BACKLOG = 4096
SPARE_CONNECTIONS = 64
SPARE_FILES = 256

REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


def error(message: str, limit: int = 300) -> bytes:
    """The body of an error: one line, and no longer than a client's own text may make it."""
    return json.dumps({"error": " ".join(message.split())[:limit]}).encode()


def last_answer(status: int, message: str) -> bytes:
    """A whole response, after which the connection is closed."""
    body = error(message)
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
