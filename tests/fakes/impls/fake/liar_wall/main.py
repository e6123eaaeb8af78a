from typing import Any

from speaker import Honest


class LiarWall(Honest):
    def loops(self) -> int:
        return 10_000_000

    def sample(self, fields: dict[str, Any]) -> dict[str, Any]:
        return fields | {"wall_ns": fields["wall_ns"] // 100}


LiarWall().run()
