from typing import Any

from speaker import Honest


class LiarCpu(Honest):
    def sample(self, fields: dict[str, Any]) -> dict[str, Any]:
        return fields | {"user_ns": fields["user_ns"] + 3_600_000_000_000}


LiarCpu().run()
