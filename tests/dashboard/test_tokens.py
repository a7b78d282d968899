"""Every colour of text can be read on every ground it stands on, in both themes, by the tokens of the style."""

import re
from math import cos, radians, sin

import pytest

from doc_pages import ROOT

#: WCAG 2.2, 1.4.3: text of ordinary size.
LEAST = 4.5
STYLE = ROOT / "web" / "src" / "style" / "tokens.css"
TEXTS = ("tx", "tx2", "acc", "ok", "bad", "warn", "run", "wait", "idle")
GROUNDS = ("bg", "s1", "s2", "acc-bg", "bad-bg", "warn-bg")
PAIRS = [*((text, ground) for text in TEXTS for ground in GROUNDS), ("on-acc", "acc"), ("bg", "bad")]

_TOKEN = re.compile(r"--([\w-]+): light-dark\(oklch\(([^)]*)\), oklch\(([^)]*)\)\);")


def tokens() -> dict[str, tuple[str, str]]:
    """Each token's colour in the light and in the dark theme, as it is written."""
    return {name: (light, dark) for name, light, dark in _TOKEN.findall(STYLE.read_text())}


def luminance(colour: str) -> float:
    """Relative luminance of `L% C H`, clipped to what a screen of sRGB shows."""
    lightness, chroma, hue = (float(part.removesuffix("%")) for part in colour.split())
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    lightness /= 100
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    shown = [min(1.0, max(0.0, each)) for each in (red, green, blue)]
    return 0.2126 * shown[0] + 0.7152 * shown[1] + 0.0722 * shown[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_the_most_there_is() -> None:
    assert contrast("0% 0 0", "100% 0 0") == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read_on_every_ground(theme: str) -> None:
    found = {name: colours[theme == "dark"] for name, colours in tokens().items()}
    poor = {
        pair: round(ratio, 2) for pair in PAIRS if (ratio := contrast(found[pair[0]], found[pair[1]])) < LEAST
    }
    assert poor == {}
