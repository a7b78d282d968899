"""The key of a development server: made once, kept in the data directory where only its owner can read it."""

import os
import secrets
import string
from pathlib import Path

from mainspring.errors import InvalidSetting
from mainspring.server.auth import KEY_FORM

KEY_FILE = "key"

_ALPHABET = string.ascii_letters + string.digits
#: 43 of 62 characters: 256 bits.
_RANDOM_CHARACTERS = 43


def new_key() -> str:
    """A fresh key, `tr_dev_...`."""
    return "tr_dev_" + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))


def checked_key(key: str, source: str) -> str:
    """`key`, or `InvalidSetting` (which does not show it) when no request could bear it."""
    if not KEY_FORM.fullmatch(key):
        raise InvalidSetting(
            f"the API key ({source}) is malformed",
            mend="Keys look like tr_dev_ followed by letters and digits; leave it out to have one made.",
            setting="api_key",
            source=source,
        )
    return key


def kept_key(folder: Path) -> str:
    """The key kept in `folder`, made now when there is none. The folder is made too, closed to others and to git."""
    make_private_folder(folder)
    path = folder / KEY_FILE
    try:
        # Exclusively: of two processes that start at once, the second reads what the first has made.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return checked_key(_read(path), str(path))
    except OSError as error:
        raise _unusable(path, error) from None
    key = new_key()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key


def make_private_folder(folder: Path) -> None:
    """Makes the data directory; `InvalidSetting` when it cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Data and key of a development server: nothing for a repository.\n*\n")
    except OSError as error:
        raise _unusable(folder, error) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: Exception) -> InvalidSetting:
    reason = error.strerror if isinstance(error, OSError) else "it is not text"
    return InvalidSetting(
        f"{path} cannot be used: {reason}",
        mend="Choose another folder with `--data-dir`.",
        setting="data_dir",
        source=str(path),
    )
