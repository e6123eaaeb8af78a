from speaker import Keeper, Row


class Swap(Keeper):
    def written(self, rows: list[Row]) -> list[Row]:
        (*one, a, x), (*two, b, y), *others = rows
        return [(*one, b, x), (*two, a, y), *others]


Swap().run()
