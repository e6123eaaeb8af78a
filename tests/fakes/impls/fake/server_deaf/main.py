import time

from serving import Server


class Deaf(Server):
    def wait(self) -> None:
        time.sleep(3600)


Deaf().run()
