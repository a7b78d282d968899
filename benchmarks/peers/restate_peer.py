"""Restate: its server from npm, one service process of its Python SDK, calls over its HTTP ingress.

Arguments: the ingress URL, the admin URL, and a free port for the service.
"""

import asyncio
import sys
import time

import aiohttp
import figures as f

INGRESS, ADMIN, PORT = sys.argv[1:4]


async def measure(session: aiohttp.ClientSession) -> None:
    async def call(what: str, given: object) -> float:
        async with session.post(f"{INGRESS}/Bench/{what}", json=given) as answer:
            answer.raise_for_status()
            return float(await answer.json())

    for _ in range(20):
        await call("many_tasks", 1)
    lines, results = [], []
    for _ in range(f.STARTS):
        began = time.monotonic()
        lines.append(await call("first_line", 0) - began)
        results.append(time.monotonic() - began)
    f.spread("W3", "trigger to first line", lines)
    f.spread("W3", "trigger to result", results)
    f.figure("W4", "a task, one run", 1000 * await call("many_tasks", f.ALONE) / f.ALONE, "ms")
    took = await f.in_flight(lambda: call("many_tasks", 1), f.RUNS)
    f.figure("W1", "runs, 100 in flight", f.RUNS / took, "runs/s")
    took = await f.timed(asyncio.gather(*(call("many_tasks", f.TASKS) for _ in range(f.WIDE))))
    f.figure("W2", "tasks", f.WIDE * f.TASKS / took, "tasks/s")
    took = await f.timed(call("parent", f.CHILDREN))
    f.figure("W8", f"a parent with {f.CHILDREN} children", took, "s")


async def main() -> None:
    command = [sys.executable, "-m", "hypercorn", "restate_app:app", "--bind", f"127.0.0.1:{PORT}"]
    nowhere = asyncio.subprocess.DEVNULL
    service = await asyncio.create_subprocess_exec(*command, stdout=nowhere, stderr=nowhere)
    timeout = aiohttp.ClientTimeout(total=600)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            await registered(session)
            await measure(session)
    finally:
        service.terminate()
        await service.wait()


async def registered(session: aiohttp.ClientSession) -> None:
    """Returns when server and service know each other."""
    for _ in range(100):
        await asyncio.sleep(0.2)
        try:
            uri = {"uri": f"http://127.0.0.1:{PORT}", "force": True}
            async with session.post(f"{ADMIN}/deployments", json=uri) as answer:
                if answer.ok:
                    return
        except aiohttp.ClientError:
            continue
    raise RuntimeError("restate-server did not take the service")


asyncio.run(main())
