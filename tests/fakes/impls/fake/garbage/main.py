from speaker import Honest


class Garbage(Honest):
    def half_way(self) -> None:
        print("Warning: falling back to the slow path", flush=True)


Garbage().run()
