"""What a measurement is: a name, a value with its unit, and which direction is better."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Figure:
    """One measured value. `workload` is W1..W8 or "limit"."""

    workload: str
    name: str
    value: float
    unit: str
    better: Better = "lower"


def at_percent(values: Sequence[float], percent: int) -> float:
    """The percentile of at least two values; `percent` is 1..99."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def medians(rounds: Iterable[Sequence[Figure]]) -> list[Figure]:
    """Per figure the median of its values in several rounds, in the order of the first one."""
    values: dict[tuple[str, str], list[Figure]] = {}
    for figures in rounds:
        for figure in figures:
            values.setdefault((figure.workload, figure.name), []).append(figure)
    return [
        Figure(
            found[0].workload, found[0].name, median(f.value for f in found), found[0].unit, found[0].better
        )
        for found in values.values()
    ]
