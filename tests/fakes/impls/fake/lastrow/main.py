from speaker import Honest, Row


class LastRow(Honest):
    def file_rows(self, rows: list[Row]) -> list[Row]:
        *others, (key, value, *rest) = rows
        return [*others, (key, value + 1, *rest)]


LastRow().run()
