"""`import mainspring` costs little and starts nothing; the public names are whole."""

import json
import subprocess
import sys

import mainspring

#: What a script that only defines jobs has no use for.
HEAVY = {
    "fastapi",
    "httpx2",
    "jsonschema_rs",
    "pydantic",
    "pydantic_core",
    "rich",
    "sqlite3",
    "starlette",
    "typer",
    "uvicorn",
    "uvloop",
    "watchfiles",
}

PROBE = """
import json, sys, threading, time
before = time.process_time()
import mainspring
spent = time.process_time() - before
mainspring.Client("shop")
print(json.dumps([sorted({name.partition(".")[0] for name in sys.modules}), threading.active_count(), spent]))
"""


def test_importing_it_is_light_and_starts_nothing() -> None:
    probes = []
    for _ in range(3):
        made = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
        probes.append(json.loads(made.stdout))
    modules, threads, _ = probes[0]
    assert not HEAVY & set(modules)
    assert threads == 1
    # Processor time, the best of three: this is about what is imported, not about the machine's mood.
    assert min(spent for _, _, spent in probes) < 0.2


def test_the_public_names_are_sorted_and_there() -> None:
    names = mainspring.__all__

    def order(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert names == sorted(names, key=order)
    assert all(hasattr(mainspring, name) for name in names)
