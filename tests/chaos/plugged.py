"""The load under which the plug is pulled. Whoever gets an answer writes it down at once, as a line of a file:

    {"fact": "event", "id": ..., "runs": [...]}            {"fact": "run", "id": ..., "job": ...}
    {"fact": "task", "run_id": ..., "key": ..., "output"}  {"fact": "ended", "run_id": ..., "output": ...}
    {"fact": "stored", "key": ..., "value": ...}           {"fact": "cancelled", "run_id": ...}

`python plugged.py inside URL [JOURNAL]`: engine, worker and senders in this process, on that database; every write to
a SQLite file goes into the journal, if there is one. `python plugged.py outside`: the senders alone, over HTTP.
"""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from mainspring import IO, Client, MainspringError, ctx, event_trigger

client = Client("plugged")
#: Of each sort.
SENDERS = 12


def note(fact: str, **what: Any) -> None:
    """One write at the end of the file: a kill leaves the line whole or leaves nothing."""
    out = os.open(os.environ["FACTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(out, json.dumps({"fact": fact, **what}).encode() + b"\n")
    os.close(out)


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────
@client.job(id="work", trigger=event_trigger("work.asked"))
async def work(payload: str, io: IO) -> str:
    for key in ("first", "second", "third"):
        made = await io.run_task(key, lambda key=key: f"{key} of {payload}")  # type: ignore[misc]
        note("task", run_id=ctx.run.id, key=key, output=made)
    return f"all of {payload}"


@client.job(id="patient")
async def patient(payload: str, io: IO) -> None:
    await io.wait_for_event("never", name="never", id=payload)


# ── senders ──────────────────────────────────────────────────────────────────────────────────────────
async def send_event(name: str) -> None:
    event = await client.send_event("work.asked", name)
    note("event", id=event.event_id, runs=[run.id for run in event.runs])


async def trigger(name: str) -> None:
    run = await work.trigger(name)
    note("run", id=run.id, job="work")
    note("ended", run_id=run.id, output=await run.result())


async def store(name: str) -> None:
    key, _, number = name.rpartition("-")
    await client.store.set(key, int(number))
    note("stored", key=key, value=int(number))


async def cancel(name: str) -> None:
    run = await patient.trigger(name)
    note("run", id=run.id, job="patient")
    await run.cancel()
    note("cancelled", run_id=run.id)


async def send(sending: Callable[[str], Awaitable[None]], names: Iterator[str]) -> None:
    """For ever, or until there is no answer."""
    for name in names:
        try:
            await sending(name)
        except MainspringError:
            return


async def send_all() -> None:
    life = os.getpid()
    await asyncio.gather(
        *(
            send(sending, (f"{sending.__name__}-{life}-{sender}-{n}" for n in itertools.count()))
            for sending in (send_event, trigger, store, cancel)
            for sender in range(SENDERS)
        )
    )


async def inside(url: str) -> None:
    async with client.embedded(url=url):
        await send_all()


def main(place: str, url: str = "", journal: str = "") -> None:
    if journal:
        from chaos.power import keep_journal  # only who keeps one needs SQLite's own symbols

        keep_journal(Path(journal))
    asyncio.run(inside(url) if place == "inside" else send_all())


if __name__ == "__main__":
    main(*sys.argv[1:])
