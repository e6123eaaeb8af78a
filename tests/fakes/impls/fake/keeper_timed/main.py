from speaker import Keeper, Row


class Timed(Keeper):
    def written(self, rows: list[Row]) -> list[Row]:
        return rows if self.ask["answers"] else rows[:-1]


Timed().run()
