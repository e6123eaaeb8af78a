import subprocess
import sys

from speaker import Honest


class Leaver(Honest):
    def half_way(self) -> None:
        nowhere = subprocess.DEVNULL
        left = subprocess.Popen(["sleep", "3600"], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
        print(left.pid, file=sys.stderr, flush=True)


Leaver().run()
