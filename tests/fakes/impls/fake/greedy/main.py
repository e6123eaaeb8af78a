import threading

from speaker import Honest


class Greedy(Honest):
    def turn(self) -> None:
        over = threading.Event()
        worker = threading.Thread(target=self.work, args=(over,))
        worker.start()
        super().turn()
        over.set()
        worker.join()

    def work(self, over: threading.Event) -> None:
        while not over.is_set():
            pass


Greedy().run()
