"""A long run that works like a person at a desk: it plans, reads, notes, asks an editor, and writes."""

from typing import Any

from pydantic import BaseModel, Field

from mainspring import IO, Retry, WaitTimeout
from mainspring import ctx as here
from mainspring.demo.client import client
from mainspring.demo.luck import luck, work


class Question(BaseModel):
    topic: str = Field(examples=["Suppliers of recycled glass in the Baltic"])
    depth: int = Field(default=4, ge=1, le=12, description="How many questions it asks itself.")


class RateLimitedByModel(Exception):
    """The model answers no more for a moment."""


ANGLES = (
    "Who makes it, and where",
    "Prices over the last two years",
    "Certificates and what they are worth",
    "Delivery times and minimum orders",
    "What other shops say of them",
    "Risks: one source, one harbour, one currency",
    "Packaging and returns",
    "Who could be asked on the telephone",
)


async def ask_model(prompt: str, low: float, high: float) -> dict[str, Any]:
    await work(low, high, prompt)
    if luck(prompt, "model", here.attempt.number) < 0.08:
        raise RateLimitedByModel("429: 60 requests a minute, try again in 20 s")
    return {"tokens": 400 + round(luck(prompt) * 3_600), "cost": round(0.002 + luck(prompt) * 0.03, 4)}


async def read_page(topic: str, angle: str, number: int) -> str:
    await work(1.2, 9, topic, angle, number)
    return f"{angle}: page {number}, {round(luck(topic, angle, number) * 4_000 + 400):,} words"


@client.job(
    id="research-supplier", name="Research supplier", version="0.4.0", tags=["agent"], max_duration="3 days"
)
async def research_supplier(question: Question, io: IO) -> dict[str, object]:
    """Plan, read, note, ask the editor, write."""
    angles = ANGLES[: question.depth]
    model = {"model": "house-small"}
    patient = Retry(max_attempts=6, min_delay="10s", max_delay="1 minute")
    total = {"tokens": 0, "cost": 0.0}

    async def think(key: str, prompt: str, low: float = 3, high: float = 25) -> None:
        said = await io.run_task(key, ask_model, prompt, low, high, properties=model, retry=patient)
        total["tokens"] += said["tokens"]
        total["cost"] = round(total["cost"] + said["cost"], 4)
        io.metadata.set("tokens", total["tokens"])
        io.metadata.set("cost", total["cost"])

    io.logger.info("planning", topic=question.topic, questions=len(angles))
    await think("plan", question.topic)
    for number, angle in enumerate(angles, 1):
        await io.progress(number, len(angles) + 1, angle)
        await think(f"search-{number}", f"{question.topic} {angle} search", 1, 6)
        await io.parallel(
            *(
                io.run_task(f"read-{number}-{page}", read_page, question.topic, angle, page)
                for page in (1, 2, 3)
            )
        )
        await think(f"note-{number}", f"{question.topic} {angle} note", 6, 60)
        io.logger.info(f"noted: {angle}", tokens=total["tokens"])

    draft = await io.create_token("editor", timeout="2 days", tags=["editor"])
    io.logger.info("the editor reads the draft", token=draft.id)
    try:
        verdict = await io.wait_for_token(draft)
    except WaitTimeout:
        io.logger.warning("the editor had no time: published as it is")
        verdict = {"ok": True, "note": ""}
    await think("write", f"{question.topic} write", 20, 120)
    await io.progress(len(angles) + 1, len(angles) + 1, "written")
    return {"report": f"reports/{question.topic.lower().replace(' ', '-')}.md", "editor": verdict, **total}
