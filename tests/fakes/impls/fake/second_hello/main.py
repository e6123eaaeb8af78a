from speaker import Honest


class SecondHello(Honest):
    def prepare(self) -> None:
        self.hello()


SecondHello().run()
