from typing import Any

from speaker import Honest


class LiarClock(Honest):
    def sample(self, fields: dict[str, Any]) -> dict[str, Any]:
        return fields | {"start_ns": fields["start_ns"] - 30_000_000_000}


LiarClock().run()
