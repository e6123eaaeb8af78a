from typing import Any

from serving import Server


class Changing(Server):
    def answer(self, n: int) -> dict[str, Any]:
        return {**super().answer(n), "served": self.served}


Changing().run()
