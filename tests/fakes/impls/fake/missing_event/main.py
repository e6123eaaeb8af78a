from speaker import Honest


class MissingEvent(Honest):
    def emit(self, event: str, **fields: object) -> None:
        if event != "pauses":
            super().emit(event, **fields)


MissingEvent().run()
