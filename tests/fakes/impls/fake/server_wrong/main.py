from typing import Any

from serving import Server


class Wrong(Server):
    def answer(self, n: int) -> dict[str, Any]:
        return {"value": 2.0 * n + (n % 2)}


Wrong().run()
