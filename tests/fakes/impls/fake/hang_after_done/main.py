import threading

from speaker import Honest


class HangAfterDone(Honest):
    def finish(self) -> None:
        threading.Event().wait()


HangAfterDone().run()
