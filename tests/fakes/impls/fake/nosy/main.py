import json
import os
import resource
import socket
import sys
from pathlib import Path

from speaker import Honest

PLACES = ("/", "/app", "/etc", "/usr", "/var/tmp", "/home", "/data", "/proc/sys/kernel", "/sys/fs/cgroup", "/dev/shm", "/tmp", "/out")
STATUS = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
LIMITS = {
    "memory": ("memory/memory.limit_in_bytes", "memory.max"),
    "memory_and_swap": ("memory/memory.memsw.limit_in_bytes",),
    "swap": ("memory.swap.max",),
    "pids": ("pids/pids.max", "pids.max"),
}


def writable(folder: str) -> bool:
    probe = Path(folder) / "bench-nosy"
    try:
        probe.write_text("here")
        probe.unlink()
    except OSError:
        return False
    return True


def limit(files: tuple[str, ...]) -> str | None:
    found = (path for file in files if (path := Path("/sys/fs/cgroup") / file).exists())
    return next((path.read_text().strip() for path in found), None)


class Nosy(Honest):
    def prepare(self) -> None:
        status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
        found = {
            "writable": [folder for folder in PLACES if writable(folder)],
            "interfaces": [name for _, name in socket.if_nameindex()],
            "routes": Path("/proc/net/route").read_text().splitlines()[1:],
            "status": {key: status[key].split() for key in STATUS},
            "limits": {name: limit(files) for name, files in LIMITS.items()},
            "cpus": sorted(os.sched_getaffinity(0)),
            "core": resource.getrlimit(resource.RLIMIT_CORE),
            "processes": sum(path.name.isdigit() for path in Path("/proc").iterdir()),
            "socket": Path("/var/run/docker.sock").exists(),
            "environment": sorted(os.environ),
        }
        print(json.dumps(found), file=sys.stderr, flush=True)


Nosy().run()
