"""Standard error of a server: one JSON line at its start, at its drain, and for each error of its own. No access log."""

import json
import logging
import traceback

LOGGER = logging.getLogger("serving")


class Line(logging.Formatter):
    """A record as one JSON object; a traceback is a list of lines in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Whatever it says stays one line."""
        fields = {
            "time": round(record.created, 3),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage().strip(),
        }
        if record.exc_info:
            fields["trace"] = "".join(traceback.format_exception(*record.exc_info)).splitlines()
        return json.dumps(fields)


def configure() -> None:
    """Clients' mistakes are warnings of uvicorn's and are left out: a flood of them must not become a flood of lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(handlers=[handler], level=logging.ERROR, force=True)
    LOGGER.setLevel(logging.INFO)
