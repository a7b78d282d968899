"""A lock file that dies with its process, so that one SQLite database has one server."""

import os
import sys
from pathlib import Path

from mainspring.errors import DatabaseInUse, DatabaseUnavailable

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Held from construction until `release` or the end of the process, however it ends.

    Raises `DatabaseInUse` when another process holds it. `what` names the thing that is guarded.
    """

    def __init__(self, path: Path, *, what: str) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DatabaseUnavailable(f"the lock file {path} cannot be opened: {error.strerror}") from error
        try:
            _take(self._descriptor)
        except OSError:
            os.close(self._descriptor)
            raise DatabaseInUse(f"another Mainspring process is using {what}") from None

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
