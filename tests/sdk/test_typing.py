"""The types that people rely on, held by mypy: what is right passes, what is wrong is found, on the very line."""

import re
from pathlib import Path

from mypy import api

APP = Path(__file__).with_name("typed_app.py")


def test_mypy_finds_the_planted_errors_and_no_others() -> None:
    expected = {
        (number, found[1])
        for number, line in enumerate(APP.read_text(encoding="utf-8").splitlines(), 1)
        if (found := re.search(r"# E: ([a-z-]+)$", line))
    }
    report, trouble, _ = api.run(
        ["--strict", "--no-error-summary", "--no-pretty", "--python-version=3.11", str(APP)]
    )
    assert not trouble
    errors = re.findall(r"^.*typed_app\.py:(\d+): error: .*\[([a-z-]+)\]$", report, re.MULTILINE)
    assert {(int(number), code) for number, code in errors} == expected, report
