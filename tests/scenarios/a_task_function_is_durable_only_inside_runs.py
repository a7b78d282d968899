"""`@task` makes a function a durable task wherever a run calls it; outside it just runs."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mainspring import IO, TaskFailed, task
from scenarios.world import World


@dataclass
class Page:
    number: int
    made_at: datetime


async def test_a_task_function_is_durable_only_inside_runs(world: World) -> None:
    made_at = datetime(2026, 1, 31, 9, tzinfo=UTC)

    @task
    async def render(number: int) -> Page:
        """Render a page."""
        world.effects.append(number)
        return Page(number, made_at)

    @task(retry=2, name="Bind the book")
    def bind(pages: list[Page]) -> int:
        world.effects.append("bind")
        if len(pages) < 3:
            raise ValueError("too thin")
        return len(pages)

    assert await render(1) == Page(1, made_at)
    assert render.__doc__ == "Render a page."

    @world.client.job(id="book")
    async def book(io: IO) -> list[object]:
        pages = [await render(n) for n in range(3)]
        cover = await render.options(key="cover", retry=0)(9)
        await io.wait("1 hour")
        try:
            await bind(pages[:2])
        except TaskFailed as error:
            return [cover.made_at.isoformat(), type(cover).__name__, error.attempts, await bind(pages)]
        return []

    world.effects.clear()
    await world.start()
    run = await world.trigger(book)
    await world.until(run, "WAITING")
    await world.crash()

    assert await world.output(run) == ["2026-01-31T09:00:00+00:00", "Page", 2, 3]
    assert world.effects == [0, 1, 2, 9, "bind", "bind", "bind"]
    tasks = await world.tasks(run)
    assert set(tasks) == {"render", "render#2", "render#3", "cover", "wait", "bind", "bind#2"}
    assert tasks["bind"]["name"] == "Bind the book"
