"""What stops a job: a kind that the protocol knows, and one line that says what to try next."""


class Failure(Exception):
    """Ends the job; `kind` is one of `unsupported`, `input`, `memory`, `internal`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def __reduce__(self) -> tuple[type["Failure"], tuple[str, str]]:
        """Exceptions are pickled with what their base was given, which lacks the kind; this one may come from another process."""
        return type(self), (self.kind, str(self))


def explain(error: Exception) -> tuple[str, str]:
    """The kind and message of the `error` event for any exception."""
    message = " ".join(str(error).split())
    if isinstance(error, Failure):
        return error.kind, message
    if isinstance(error, MemoryError):
        return "memory", message or "out of memory; raise the limit or take a smaller case"
    return "internal", f"{type(error).__name__}: {message}"
