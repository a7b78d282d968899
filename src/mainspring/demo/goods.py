"""Who buys in the invented shop, and what: payloads that look like those of a real one."""

from random import Random
from typing import Any


def _names(text: str) -> list[str]:
    return text.split()


FIRST = _names(
    "Ines Marek Aylin Jonas Clara Tomasz Leonie Yusuf Freya Mateo Greta Anders Noor Felix Hanna Luca Maren Pavel Ida "
    "Samuel Elif Oskar Romy Viktor Zoe Emil Katja Rafael Nele Henrik"
)
LAST = _names(
    "Albrecht Novak Demir Lindqvist Moreau Kowalska Vermeer Haddad Solberg Ferrari Brandt Okafor Duarte Weiss Jansen "
    "Rossi Petrova Holm Keller Laurent Sato Berg Castillo Fischer Nyberg Horvat Pereira Vogel Maas Eriksen"
)
PRODUCTS = (
    ("KET-09", "Copper kettle", 89.0),
    ("MUG-14", "Stoneware mug, sea green", 18.5),
    ("BLN-02", "Linen bed set", 149.0),
    ("LMP-31", "Brass reading lamp", 124.9),
    ("KNF-07", "Chef's knife, 21 cm", 112.0),
    ("BRD-05", "Walnut bread board", 46.0),
    ("TWL-22", "Waffle towel", 24.0),
    ("CHR-11", "Oak stool", 198.0),
    ("VAS-18", "Hand-blown vase", 64.5),
    ("RUG-03", "Wool rug, 170 x 240", 420.0),
    ("CND-27", "Beeswax candles, box of six", 21.9),
    ("POT-08", "Enamel pot, 5 l", 79.0),
)
COUNTRIES = ("DE", "DE", "DE", "FR", "NL", "AT", "CH", "DK", "IT", "ES")
SUPPLIERS = (
    "harbour-ceramics",
    "northwood-oak",
    "lumen-works",
    "atelier-lin",
    "copper-and-sons",
    "glashuette-sund",
)
TOPICS = (
    "Recycled glass in the Baltic",
    "Linen mills of Normandy",
    "Repairable reading lamps",
    "Beeswax and where it comes from",
    "Packaging without plastic",
    "Oak from certified forests",
)
PACKERS = ("Tom", "Selma", "Idris", "Agnes")


def customer(chance: Random) -> dict[str, Any]:
    """One of a few hundred."""
    first, last = chance.choice(FIRST), chance.choice(LAST)
    number = 100 + FIRST.index(first) * len(LAST) + LAST.index(last)
    tier = ("new", "regular", "regular", "gold")[number % 4]
    return {
        "id": f"c-{number}",
        "name": f"{first} {last}",
        "email": f"{first}.{last}@example.org".lower(),
        "tier": tier,
    }


def order(chance: Random, number: int) -> dict[str, Any]:
    """The payload of an `order.created`."""
    lines: list[dict[str, Any]] = [
        {"sku": sku, "name": name, "quantity": chance.choice((1, 1, 1, 2, 4)), "price": price}
        for sku, name, price in chance.sample(PRODUCTS, chance.choice((1, 1, 2, 2, 3)))
    ]
    goods: float = sum(line["quantity"] * line["price"] for line in lines)
    note = chance.choice((None, None, None, None, "Happy birthday, Mum!", "For the new flat. We miss you!"))
    return {
        "order_id": f"TW-{number}",
        "customer": customer(chance),
        "lines": lines,
        "total": round(goods + 5.9, 2),
        "country": chance.choice(COUNTRIES),
        **({"gift_note": note} if note else {}),
    }


def refund(chance: Random, bought: dict[str, Any]) -> dict[str, Any]:
    """The payload of a `refund.requested` about an order."""
    share = chance.choice((1.0, 1.0, 0.5))
    return {
        "order_id": bought["order_id"],
        "customer": bought["customer"]["name"],
        "amount": min(5_000.0, round(bought["total"] * share, 2)),
        "reason": chance.choice(("damaged", "late", "wrong item", "changed mind")),
        "photo": f"https://photos.tidewater.example/{bought['order_id']}.jpg",
    }
