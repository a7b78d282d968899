"""Ports of this machine for whoever serves in a test, now or after it was killed and started again.

A port is taken from outside the range of which the system gives connections their own end, so that nothing else can
come upon it while its server is down; and it is locked against other test processes until this one ends.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

#: Below are the ports of well-known services; the system's own range begins here unless it says otherwise.
LOWEST, SYSTEMS = 10_240, 32_768
#: Locks, held open as long as this process lives.
_held: list[int] = []


def free_port() -> int:
    """One that nobody has, and nobody else gets."""
    folder = Path(tempfile.gettempdir()) / f"mainspring-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    while True:
        port = random.SystemRandom().randrange(LOWEST, _systems_first())
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _held.append(lock)
        return port


def _systems_first() -> int:
    try:
        told = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    except OSError:
        return SYSTEMS
    return int(told[0]) if int(told[0]) > LOWEST + 1_000 else SYSTEMS
