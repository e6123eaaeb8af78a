from serving import Server


class Failing(Server):
    def status(self) -> int:
        return 500 if self.served % 7 == 6 else 200


Failing().run()
