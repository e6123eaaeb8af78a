from speaker import Honest

USAGE = ("minor_faults", "major_faults", "voluntary_switches", "involuntary_switches", "peak_rss_bytes")


class EarlyDone(Honest):
    def half_way(self) -> None:
        self.emit("done", now_ns=0, usage=dict.fromkeys(USAGE), runtime_memory={})


EarlyDone().run()
