"""What the load generator says, line by line -> records. It is ours, but what it says is checked like anyone's."""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.runner.engine import EngineError

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Greeting(msgspec.Struct, tag_field="event", tag="hello"):
    """It runs."""


class Connected(msgspec.Struct, tag_field="event", tag="connected"):
    """All connections stand."""

    connections: Whole


class Begun(msgspec.Struct, tag_field="event", tag="begun"):
    """A phase begins; `rate` is null in a closed one."""

    phase: Whole
    start_ns: Whole
    rate: float | None


class Ended(msgspec.Struct, tag_field="event", tag="phase"):
    """A phase is over; the fields are those of model.Latency, and `records` of its file from `first_record` on."""

    phase: Whole
    start_ns: Whole
    wall_ns: Whole
    due: Whole
    answered: Whole
    failed: dict[str, Whole]
    statuses: dict[str, Whole]
    changed: Whole
    queue_max: Whole
    first_record: Whole
    records: Whole
    user_ns: Whole
    system_ns: Whole
    response: str
    service: str
    lateness: str
    downstream: str | None = None


class Done(msgspec.Struct, tag_field="event", tag="done"):
    """All phases are over."""


class Failed(msgspec.Struct, tag_field="event", tag="error"):
    """It can't go on."""

    message: str


Event = Greeting | Connected | Begun | Ended | Done | Failed
_decoder = msgspec.json.Decoder(Event)


class Lines:
    """Bytes of its standard output, as they come, to events."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        """The events completed by `data`. EngineError for what is none."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            return [_decoder.decode(line) for line in lines if line.strip()]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise EngineError(f"the load generator said what is no event of its: {error}") from None
