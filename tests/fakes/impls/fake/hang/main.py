import threading

from speaker import Honest


class Hang(Honest):
    def half_way(self) -> None:
        threading.Event().wait()


Hang().run()
