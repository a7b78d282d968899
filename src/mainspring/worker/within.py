"""A limit on how long something may take, by the worker's clock."""

import asyncio
from collections.abc import Awaitable
from contextvars import Context
from typing import Any

from mainspring.clock import Clock
from mainspring.duration import format_duration
from mainspring.errors import TaskTimeout


async def within(clock: Clock, span: int, running: Awaitable[Any], key: str) -> Any:
    """What `running` comes to, or `TaskTimeout` after `span`. Measured by our clock, unlike asyncio's timeouts."""
    strand = asyncio.current_task()
    assert strand is not None
    is_over = False

    def expire(timer: asyncio.Task[None]) -> None:
        nonlocal is_over
        if not timer.cancelled() and timer.exception() is None:
            is_over = True
            strand.cancel()

    # In a context of its own: the timer is none of the run's strands.
    timer = strand.get_loop().create_task(clock.sleep(span), context=Context())
    timer.add_done_callback(expire)
    try:
        return await running
    except asyncio.CancelledError as error:
        if is_over and strand.uncancel() == 0:
            message = f"task '{key}' took longer than {format_duration(span)}"
            raise TaskTimeout(message, task_key=key) from error
        raise
    finally:
        timer.remove_done_callback(expire)
        timer.cancel()
