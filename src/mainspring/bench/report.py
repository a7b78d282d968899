"""Figures for people: a line each, and beside those that have one, the limit of this machine."""

from collections.abc import Callable, Iterable, Sequence

from mainspring.bench.figures import Figure

#: The limit that bounds a figure, by the beginning of its name, and what is said of the two.
_FSYNC, _ROWS = "fsync, p50", "SQLite commits of 100 rows"
_BOUNDS: tuple[tuple[str, str, Callable[[float, float], str]], ...] = (
    ("a task, one run", _FSYNC, lambda value, limit: f"{value / limit:.1f} x one fsync"),
    ("trigger to first line, p50", _FSYNC, lambda value, limit: f"{value / limit:.1f} x one fsync"),
    ("event to next line, p50", _FSYNC, lambda value, limit: f"{value / limit:.1f} x one fsync"),
    ("runs,", _ROWS, lambda value, limit: f"1 run per {limit / value:.0f} bare rows"),
    ("enqueue", _ROWS, lambda value, limit: f"1 run per {limit / value:.0f} bare rows"),
    ("tasks,", _ROWS, lambda value, limit: f"1 task per {limit / value:.0f} bare rows"),
)


def line(figure: Figure) -> str:
    """One figure as it comes."""
    return f"{figure.workload:6} {figure.name:44} {amount(figure.value):>10} {figure.unit}"


def table(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """A row per figure: workload, name, value, unit, and what it is beside its limit."""
    known = {figure.name: figure.value for figure in figures if figure.workload == "limit"}
    return [
        (figure.workload, figure.name, amount(figure.value), figure.unit, _beside(figure, known))
        for figure in _in_order(figures)
    ]


def _in_order(figures: Iterable[Figure]) -> list[Figure]:
    return sorted(figures, key=lambda figure: figure.workload)  # "W1" to "W8", then "limit"


def _beside(figure: Figure, known: dict[str, float]) -> str:
    for beginning, limit, said in _BOUNDS:
        if figure.workload != "limit" and figure.name.startswith(beginning) and limit in known:
            return said(figure.value, known[limit])
    return ""


def amount(value: float) -> str:
    """A number with as many digits as matter."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
