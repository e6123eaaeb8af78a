import ctypes
import sys
import threading
import time

from speaker import Honest

HOLDING_THE_LOCK = ctypes.PyDLL(None)
"""Unlike CDLL it keeps the interpreter's lock during a call, so that every thread stands still."""


class Stall20(Honest):
    def prepare(self) -> None:
        threading.Thread(target=self.stall, daemon=True).start()

    def stall(self) -> None:
        while True:
            time.sleep(1)
            start = time.monotonic_ns()
            HOLDING_THE_LOCK.usleep(20_000)
            print(start, time.monotonic_ns(), file=sys.stderr, flush=True)


Stall20().run()
