from speaker import Honest


class Threads4(Honest):
    threads = 4


Threads4().run()
