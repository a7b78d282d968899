"""`mainspring approvals`: what people are asked, answered from a terminal."""

import json
from collections.abc import Iterator

import pytest

from processes import Dev

APP = """
from pydantic import BaseModel, Field

from mainspring import IO, Client

client = Client("shop")


class Refund(BaseModel):
    amount: int = Field(le=500)


@client.job(id="refund")
async def refund(payload: dict[str, str], io: IO) -> int:
    options = {"to": ["ann@shop.com", "bob@shop.com"], "requested_by": "frank@shop.com", "tags": ["refund"]}
    return (await io.wait_for_approval("refund?", title="Refund?", show=payload, schema=Refund, **options)).amount
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.stop()


def asked(dev: Dev) -> tuple[str, str]:
    """A run that waits, and its approval."""
    run_id = dev.cli("trigger", "refund", '{"order": "A-1"}').stdout.strip()
    dev.until(run_id, "WAITING")
    (one,) = dev.read("approvals", "list", "--run", run_id)["data"]
    return run_id, one["id"]


def test_an_approval_is_looked_at_and_answered(shop: Dev) -> None:
    run_id, id = asked(shop)
    table = shop.cli("approvals", "--tag", "refund", "--status", "waiting", "--to", "ann@shop.com").stdout
    assert id in table
    assert "ann@shop.com, bob@shop.com" in table
    shown = shop.cli("approvals", "get", id).stdout
    assert "Refund?" in shown
    assert "frank@shop.com" in shown
    assert '"order": "A-1"' in shown

    wrong = shop.cli(
        "approvals", "answer", id, "--approve", "--by", "ann@shop.com", "--form", '{"amount": 501}'
    )
    assert wrong.returncode == 2
    assert "amount" in wrong.stderr
    assert shop.cli("approvals", "answer", id, "--by", "ann@shop.com").returncode == 2
    refused = shop.cli("approvals", "answer", id, "--reject", "--by", "frank@shop.com")
    assert refused.returncode == 4
    assert "may not answer it" in refused.stderr

    answer = ("approvals", "answer", id, "--approve", "--by", "ann@shop.com", "--comment", "Fine.")
    done = shop.cli(*answer, "--form", '{"amount": 40}')
    assert done.returncode == 0, done.stderr
    assert "APPROVED" in done.stdout
    assert "by ann@shop.com" in done.stdout
    late = shop.cli("approvals", "answer", id, "--reject", "--by", "bob@shop.com")
    assert late.returncode == 5
    assert "ann@shop.com" in late.stderr
    assert shop.until(run_id, "SUCCESS")["output"] == 40
    history = shop.cli("logs", run_id).stdout + shop.cli("runs", "get", run_id).stdout
    assert "refund?" in history


def test_it_is_handed_on_and_each_has_a_link(shop: Dev) -> None:
    run_id, id = asked(shop)
    done = shop.cli("approvals", "delegate", id, "--by", "ann@shop.com", "--to", "carol@shop.com")
    assert "by ann@shop.com to carol@shop.com" in done.stdout
    links = {one["person"]: one["url"] for one in shop.read("approvals", "links", id)["data"]}
    assert set(links) == {"bob@shop.com", "carol@shop.com"}
    assert links["bob@shop.com"] in shop.cli("approvals", "links", id).stdout.replace("\n", "")
    done = shop.cli("approvals", "answer", id, "--reject", "--by", "carol@shop.com", "--json")
    assert json.loads(done.stdout)["status"] == "WAITING"
    shop.cli("approvals", "answer", id, "--reject", "--by", "bob@shop.com")
    shop.until(run_id, "FAILED")
    assert shop.cli("approvals", "get", "apr_nope").returncode == 3
