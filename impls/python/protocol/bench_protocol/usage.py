"""What the process has used, as the kernel counts it."""

from pathlib import Path
from resource import RUSAGE_SELF, getrusage


def usage() -> dict[str, int | None]:
    used = getrusage(RUSAGE_SELF)
    return {
        "minor_faults": used.ru_minflt,
        "major_faults": used.ru_majflt,
        "voluntary_switches": used.ru_nvcsw,
        "involuntary_switches": used.ru_nivcsw,
        "peak_rss_bytes": _peak_rss_bytes(),
    }


def _peak_rss_bytes() -> int | None:
    """VmHWM and not ru_maxrss: the latter survives exec, so it may be the parent's."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    kilobytes = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kilobytes[0]) * 1024 if kilobytes else None
