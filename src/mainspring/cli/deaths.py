"""How a worker process ended, as whoever started it sees it: by itself, or perhaps through somebody outside.

A segmentation fault, an abort, an exit code: code in the process did that. SIGKILL and SIGTERM come from outside:
an operator, a supervisor, the OOM killer of a machine that others filled. Only where the process's own control group
has reached its memory limit meanwhile is SIGKILL its own doing as well (Linux, control groups v2: containers with a
memory limit, units with MemoryMax).
"""

import contextlib
import signal
from pathlib import Path

#: What a process does to itself. Not on every system.
_OWN = {
    getattr(signal, name)
    for name in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGSYS", "SIGTRAP")
    if hasattr(signal, name)
}


def ending_of(code: int) -> str:
    """The end of a process in words; `code` is negative for the signal that killed it."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def fault_of(code: int, *, hit_memory_limit: bool) -> str:
    """What a process ended by itself of; "" when somebody outside may have ended it. An exit code of 0 is what an
    orderly stop gives, which anybody can ask for."""
    if code > 0 or -code in _OWN:
        return ending_of(code)
    if -code == getattr(signal, "SIGKILL", None) and hit_memory_limit:
        return "SIGKILL at its memory limit"
    return ""


def memory_limit_hits(proc: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> int:
    """How often the control group of this process has reached its memory limit; 0 where that is not told."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        place = next(line[3:] for line in proc.read_text().splitlines() if line.startswith("0::"))
        told = (root / place.lstrip("/") / "memory.events").read_text()
        return int(next(line for line in told.splitlines() if line.startswith("oom "))[4:])
    return 0
