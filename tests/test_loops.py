"""The event loop of our own processes. Each test is such a process, for what it sets holds for all of one."""

import subprocess
import sys


def output_of(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_is_the_fast_one_where_there_is_one() -> None:
    program = "import asyncio; from mainspring import loops\n"
    program += "async def main(): return type(asyncio.get_running_loop()).__module__\n"
    program += "print(loops.run(main()))"
    module = output_of(program)
    assert module == ("uvloop" if sys.platform != "win32" else module)


def test_what_was_there_before_is_not_looked_at_again() -> None:
    program = "import gc; from mainspring import loops\n"
    program += "async def main(): return gc.get_freeze_count()\n"
    program += "print(loops.run(main()))"
    assert int(output_of(program)) > 1_000
