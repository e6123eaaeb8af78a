"""The way in and the way out: starts the pause recorder, runs the job, and turns whatever goes wrong into an `error` event."""

import sys
import traceback
from pathlib import Path

from bench_protocol.failure import Failure, explain
from bench_protocol.job import Job
from bench_protocol.pauses import PauseRecorder
from bench_protocol.wire import Wire


def main(arguments: list[str]) -> int:
    pauses = PauseRecorder()
    wire = Wire()
    try:
        if len(arguments) != 1:
            raise Failure("input", "usage: python -m bench_protocol <variant folder>")
        Job(Path(arguments[0]).resolve(), wire, pauses).run()
    except Exception as error:
        if not isinstance(error, Failure):  # which says all there is to say in its one line
            traceback.print_exc()
        kind, message = explain(error)
        wire.send("error", kind=kind, message=message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
