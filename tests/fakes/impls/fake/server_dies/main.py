import os
from typing import Any

from serving import Server


class Dying(Server):
    def answer(self, n: int) -> dict[str, Any]:
        if self.served == 30:
            os._exit(3)
        return super().answer(n)


Dying().run()
