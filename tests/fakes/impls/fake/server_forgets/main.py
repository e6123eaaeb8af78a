from serving import Server


class Forgetful(Server):
    def counted(self) -> int:
        return self.served - 1


Forgetful().run()
