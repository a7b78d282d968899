"""HTML documents as tests look at them: elements in order, controls with their labels, what a form would send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"input", "meta", "link", "br", "hr"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, spaces run together."""
        parts = [one if isinstance(one, str) else one.text for one in self.children]
        return " ".join(" ".join(parts).split())

    def all(self, name: str = "", /, **attributes: str) -> list["Element"]:
        """Elements within it, by name and attributes (`class_` is one of the classes)."""
        found = []
        for one in self.children:
            if isinstance(one, Element):
                if (not name or one.name == name) and one._has(attributes):
                    found.append(one)
                found += one.all(name, **attributes)
        return found

    def one(self, name: str = "", /, **attributes: str) -> "Element":
        (found,) = self.all(name, **attributes)
        return found

    def _has(self, wanted: dict[str, str]) -> bool:
        return all(
            value in self.attributes.get("class", "").split()
            if key == "class_"
            else self.attributes.get(key.replace("_", "-")) == value
            for key, value in wanted.items()
        )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.top = self.at = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs}, self.at)
        assert len(element.attributes) == len(attrs), "an attribute stands twice"
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_endtag(self, tag: str) -> None:
        assert self.at.name == tag, f"<{self.at.name}> is closed by </{tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def read_html(text: str) -> Element:
    """The document; asserts that all its elements are closed in order."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.at is reader.top, f"<{reader.at.name}> is not closed"
    return reader.top


def typed_in(form: Element) -> dict[str, list[str]]:
    """What the form would send if no button were named."""
    sent: dict[str, list[str]] = {}
    for control in [*form.all("input"), *form.all("textarea"), *form.all("select")]:
        name, kind = control.attributes.get("name"), control.attributes.get("type")
        if not name or (kind in ("radio", "checkbox") and "checked" not in control.attributes):
            continue
        if control.name == "select":
            picked = [one for one in control.all("option") if "selected" in one.attributes]
            value = picked[-1].attributes["value"] if picked else ""
        elif control.name == "textarea":
            value = "".join(map(str, control.children)).removeprefix("\n")
        else:
            value = control.attributes.get("value", "")
        sent.setdefault(name, []).append(value)
    return sent


def check_accessible(document: Element) -> None:
    """Every control has a label, every reference leads somewhere, no id stands twice, nothing runs."""
    ids = [one.attributes["id"] for one in document.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids)), sorted(id for id in ids if ids.count(id) > 1)
    labelled = {one.attributes["for"] for one in document.all("label")}
    for control in [*document.all("input"), *document.all("textarea"), *document.all("select")]:
        if control.attributes.get("type") != "hidden":
            assert control.attributes["id"] in labelled, control.attributes
    for one in document.all():
        for reference in one.attributes.get("aria-describedby", "").split():
            assert reference in ids, (one.name, reference)
        assert not [key for key in one.attributes if key.startswith("on") or key == "style"], one.attributes
        assert one.name not in ("script", "iframe", "object", "embed", "base", "svg", "img"), one.name
    for fieldset in document.all("fieldset"):
        first = next(one for one in fieldset.children if isinstance(one, Element))
        assert first.name == "legend", first.name
        assert first.text
    levels = [int(one.name[1]) for one in document.all() if one.name in ("h1", "h2", "h3")]
    assert levels.count(1) <= 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), levels
    for link in document.all("a"):
        assert link.attributes["href"].startswith(("#", "https://", "http://", "/")), link.attributes
