"""Log lines across runs: whatever is asked, every line that fits is on one page and no other, the newest first."""

import random
from dataclasses import replace

import pytest

from engine.items import job
from engine.world import World
from mainspring.engine import log_lists
from mainspring.engine.log_lists import LinesQuery, LineView, newest_lines
from mainspring.model.logs import LOG_LEVELS, LogLine
from mainspring.model.protocol import LogWritten

TEXTS = ("slow page", "SLOW order", "done", "\u00c4rger")


@pytest.fixture
def runs(world: World) -> list[str]:
    """Runs of two jobs that wrote lines of all levels, some at the same instant; and another environment's."""
    chance = random.Random(3)
    other = world.environment("other")
    found = []
    for name, environment_id in (("mail", world.env), ("bill", world.env), ("mail", other)):
        puppet = world.worker(job(name), name=f"{name}-{environment_id}", environment_id=environment_id)
        if environment_id != world.env:
            continue
        for _ in range(3):
            run = world.call(name)
            found.append(run.id)
            claimed = puppet.take_one()
            for number in range(12):
                world.advance(chance.choice((0, 0, 1)))
                level = chance.choice(LOG_LEVELS)
                puppet.report(claimed, LogWritten(number + 1, 0, level, f"{chance.choice(TEXTS)} {number}"))
    return found


def paged(world: World, query: LinesQuery) -> list[LineView]:
    found: list[LineView] = []
    cursor = None
    while True:
        with world.read() as tx:
            page = newest_lines(tx, world.env, replace(query, cursor=cursor))
        assert len(page.data) <= query.limit
        assert (page.next_cursor is None) == (page.looked_to is None)
        found += page.data
        cursor = page.next_cursor
        if cursor is None:
            return found


def fits(view: LineView, query: LinesQuery) -> bool:
    line = view.line
    return (
        (query.level is None or LOG_LEVELS.index(line.level) >= LOG_LEVELS.index(query.level))
        and query.job_id in (None, view.job_id)
        and query.run_id in (None, line.run_id)
        and (query.text is None or query.text.casefold() in line.message.casefold())
        and (query.since is None or line.at >= query.since)
        and (query.until is None or line.at < query.until)
    )


def names(views: list[LineView]) -> list[tuple[str, int, int]]:
    return [(view.line.run_id, view.line.lease, view.line.number) for view in views]


@pytest.mark.parametrize("portions", [(200, 1_000), (2, 3, 5)], ids=["large", "small"])
def test_every_question_finds_what_fits_and_nothing_else(
    world: World, runs: list[str], portions: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lists, "_PORTIONS", portions)
    every = paged(world, LinesQuery())
    assert len(every) == 6 * 12
    times = [view.line.at for view in every]
    assert times == sorted(times, reverse=True)
    chance = random.Random(5)
    for _ in range(40):
        query = LinesQuery(
            level=chance.choice((None, *LOG_LEVELS)),
            job_id=chance.choice((None, None, "mail", "none")),
            run_id=chance.choice((None, None, runs[0])),
            text=chance.choice((None, None, "slow", "\u00e4RGER", "100%_")),
            since=chance.choice((None, chance.choice(times))),
            until=chance.choice((None, chance.choice(times))),
            limit=chance.choice((1, 7, 50)),
        )
        expected = names([view for view in every if fits(view, query)])
        assert names(paged(world, query)) == expected, query


def test_another_environments_lines_are_not_shown(world: World, runs: list[str]) -> None:
    other = world.environment("other")
    with world.read() as tx:
        assert newest_lines(tx, other, LinesQuery()).data == []


def test_a_page_looks_at_so_many_lines_and_says_how_far(
    world: World, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lists, "_PORTIONS", (5, 5))
    every = paged(world, LinesQuery())
    with world.read() as tx:
        page = newest_lines(tx, world.env, LinesQuery(text="nobody wrote this"))
    assert page.data == []
    assert page.looked_to == every[9].line.at


def test_a_line_is_what_the_run_wrote(world: World, runs: list[str]) -> None:
    view = paged(world, LinesQuery(run_id=runs[0]))[0]
    assert isinstance(view.line, LogLine)
    assert (view.job_id, view.line.run_id) == ("mail", runs[0])
