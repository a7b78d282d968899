"""A bar a system, as SVG: no library draws so little with so few bytes."""

from collections.abc import Mapping
from html import escape

_LABEL, _BAR, _ROW, _TOP = 240, 380, 26, 40


def chart(title: str, unit: str, values: Mapping[str, float]) -> str:
    """The picture. Bars are to scale; the values stand beside them."""
    most = max(values.values()) or 1.0
    rows = [
        f'<text x="{_LABEL - 8}" y="{_TOP + n * _ROW + 15}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{_LABEL}" y="{_TOP + n * _ROW + 3}" width="{max(1.0, _BAR * value / most):.1f}" height="16" '
        f'fill="{"#4f46e5" if name.startswith("mainspring") else "#a1a1aa"}"/>'
        f'<text x="{_LABEL + _BAR * value / most + 6:.1f}" y="{_TOP + n * _ROW + 15}">{value:,.2f}</text>'
        for n, (name, value) in enumerate(values.items())
    ]
    height = _TOP + len(rows) * _ROW + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABEL + _BAR + 120}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13">'
        f'<text x="8" y="22" font-weight="bold">{escape(title)} ({escape(unit)})</text>{"".join(rows)}</svg>\n'
    )
