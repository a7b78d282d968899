"""The page about the audit lists every rule, with the promise it guards and whether it is mended."""

import re

from house.sources import ROOT
from mainspring.audit import findings
from mainspring.audit.findings import Rule
from mainspring.audit.mends import MENDS

PAGE = ROOT / "docs" / "howto" / "check-a-database.md"
RULES = {value.id: value for value in vars(findings).values() if isinstance(value, Rule)}


def test_every_rule_has_its_line() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| (I\d+) \| [^|]+\.(?: \| ([^|]+))? \|$", PAGE.read_text("utf-8"), re.M
    )
    assert {name: promise for name, promise, _ in rows} == {r.id: r.invariant for r in RULES.values()}
    assert {name for name, _, mend in rows if mend and mend != "no"} == {
        rule.id for rule in RULES.values() if rule.is_mended
    }


def test_every_rule_that_is_mended_has_a_mend() -> None:
    assert {rule.id for rule in RULES.values() if rule.is_mended} == {
        *MENDS,
        *("count-differs", "error-differs", "wait-without-run"),
    }
