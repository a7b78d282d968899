"""`version` and `config`: what is installed and how it is set up."""

import platform

from mainspring.cli import connection, options, output
from mainspring.settings import load_settings
from mainspring.version import __version__


def version(as_json: options.Json = False) -> None:
    """Print the versions of Mainspring and Python."""
    if as_json:
        return output.document({"mainspring": __version__, "python": platform.python_version()})
    output.data(f"mainspring {__version__} (Python {platform.python_version()})")


def config(as_json: options.Json = False) -> None:
    """Print every setting and where it comes from.

    Secrets are masked.
    """
    settings = load_settings(connection.flags())
    for warning in settings.warnings:
        output.say(warning)
    described = settings.describe()
    if as_json:
        return output.document(
            {name: {"value": value, "source": source} for name, value, source in described}
        )
    output.table(("SETTING", "VALUE", "FROM"), [tuple(map(str, row)) for row in described], empty="")
