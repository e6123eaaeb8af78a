from typing import Any

from speaker import Honest


class LastRowTimed(Honest):
    def sample(self, fields: dict[str, Any]) -> dict[str, Any]:
        if fields["step"] == "sums" and not self.ask["answers"]:
            fields["check"]["sums"]["n"] += 1
        return fields


LastRowTimed().run()
