"""What a power cut leaves of SQLite's files: what was synced, and of what was written since any part, torn anywhere.

`keep_journal` stands between SQLite and the operating system (a VFS of its own, as its documentation calls it) and
writes down each write and each sync that has returned. `after_cut` makes the files out of such a journal.
"""

import _sqlite3
import ctypes
import os
import random
import struct
import threading
from collections.abc import Iterator
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any

#: What happened, the length of the file's name and of the data, where in the file (for a truncation: its new size).
_HEAD = struct.Struct("<cHIq")
_WRITE, _TRUNCATE, _SYNC, _DELETE = b"w", b"t", b"s", b"d"
#: Disks write whole sectors.
_SECTOR = 512
#: Kept for ever: SQLite has their addresses.
_kept: list[Any] = []

_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETES = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_WRITES = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATES = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNCS = CFUNCTYPE(c_int, c_void_p, c_int)


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, as far as it is replaced; `others` are those after `sync`."""

    _fields_ = [
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        ("others", c_void_p * 13),
    ]


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, as far as it is replaced."""

    _fields_ = [
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("others", c_void_p * 14),
    ]


def can_keep_journal() -> bool:
    """Whether this Python lets SQLite's symbols be found; some have it built in without them."""
    try:
        return hasattr(_library(), "sqlite3_vfs_register")
    except OSError:
        return False


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(getattr(_sqlite3, "__file__", None))


class _Journal:
    def __init__(self, path: Path) -> None:
        self._out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def add(self, what: bytes, name: str, at: int = 0, data: bytes = b"") -> None:
        named = name.encode()
        with self._lock:
            os.write(self._out, _HEAD.pack(what, len(named), len(data), at) + named + data)


def keep_journal(path: Path) -> None:
    """From now on, of every file that SQLite opens in this process."""
    library, journal = _library(), _Journal(path)
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    own = _Vfs.from_buffer_copy(library.sqlite3_vfs_find(None).contents)
    open_file, delete_file = _OPEN(own.open), _DELETES(own.delete)

    def opened(vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code = open_file(vfs, name, file, flags, out)
        if code == 0 and name:
            _watch(file, _base(name), journal)
        return code

    def deleted(vfs: int, name: int, syncs: int) -> int:
        journal.add(_DELETE, _base(name))
        return delete_file(vfs, name, syncs)

    replaced = (_OPEN(opened), _DELETES(deleted))
    own.open, own.delete = (ctypes.cast(one, c_void_p) for one in replaced)
    own.name = b"journaled"
    _kept.extend((own, open_file, delete_file, *replaced))
    library.sqlite3_vfs_register(ctypes.byref(own), 1)


def _base(name: int) -> str:
    return Path(os.fsdecode(ctypes.string_at(name))).name


def _watch(file: int, name: str, journal: _Journal) -> None:
    """Its methods note what they did after they did it: what is noted as synced was."""
    methods = ctypes.cast(file, POINTER(POINTER(_Methods)))
    own = _Methods.from_buffer_copy(methods[0].contents)
    write, truncate, sync = _WRITES(own.write), _TRUNCATES(own.truncate), _SYNCS(own.sync)

    def writes(at: int, data: int, size: int, offset: int) -> int:
        journal.add(_WRITE, name, offset, ctypes.string_at(data, size))
        return write(at, data, size, offset)

    def truncates(at: int, size: int) -> int:
        journal.add(_TRUNCATE, name, size)
        return truncate(at, size)

    def syncs(at: int, flags: int) -> int:
        code = sync(at, flags)
        if code == 0:
            journal.add(_SYNC, name)
        return code

    replaced = (_WRITES(writes), _TRUNCATES(truncates), _SYNCS(syncs))
    own.write, own.truncate, own.sync = (ctypes.cast(one, c_void_p) for one in replaced)
    _kept.extend((own, write, truncate, sync, *replaced))
    methods[0] = ctypes.pointer(own)


# ── afterwards ───────────────────────────────────────────────────────────────────────────────────────
def after_cut(journal: Path, folder: Path, chance: random.Random | None) -> int:
    """Makes the files in `folder`; returns how many writes were not synced. `chance` picks which of those, and which
    of their sectors, reached the disk; None: none of them."""
    synced: dict[str, bytearray] = {}
    waiting: dict[str, list[tuple[bytes, int, bytes]]] = {}
    for what, name, at, data in _records(journal.read_bytes()):
        if what == _DELETE:
            synced.pop(name, None)
            waiting.pop(name, None)
        elif what == _SYNC:
            for done in waiting.pop(name, []):
                _apply(synced.setdefault(name, bytearray()), *done)
        else:
            waiting.setdefault(name, []).append((what, at, data))
    for name, left in waiting.items():
        for what, at, data in left if chance else ():
            for sector in range(0, max(1, len(data)), _SECTOR):
                if chance and chance.random() < 0.5:
                    part = data[sector : sector + _SECTOR]
                    _apply(synced.setdefault(name, bytearray()), what, at + sector, part)
    for name, content in synced.items():
        (folder / name).write_bytes(content)
    return sum(map(len, waiting.values()))


def _apply(content: bytearray, what: bytes, at: int, data: bytes) -> None:
    if what == _TRUNCATE:
        del content[at:]
        return
    content.extend(bytes(max(0, at - len(content))))
    content[at : at + len(data)] = data


def _records(text: bytes) -> Iterator[tuple[bytes, str, int, bytes]]:
    """Up to the last whole one."""
    place = 0
    while place + _HEAD.size <= len(text):
        what, name, size, at = _HEAD.unpack_from(text, place)
        place += _HEAD.size
        if place + name + size > len(text):
            return
        yield what, text[place : place + name].decode(), at, text[place + name : place + name + size]
        place += name + size
