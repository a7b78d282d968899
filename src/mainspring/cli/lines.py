"""A run's account as lines for the terminal: history entries and log lines, coloured, one look everywhere."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from mainspring.cli import output
from mainspring.cli.paint import LEVEL_STYLES, STATUS_STYLES
from mainspring.duration import format_duration

#: Kinds whose line says what the task itself has: its output.
TOLD_WITH_TASK = {"TASK_COMPLETED", "WAIT_RESOLVED"}

#: Kind → glyph, style and words; kinds that are not here are told by other lines, the end by `of_end`.
_TOLD: dict[str, tuple[str, str, str]] = {
    "JOB_STARTED": ("▶", "cyan", "started"),
    "JOB_RESUMED": ("▶", "cyan", "resumed"),
    "JOB_RETRIED": ("↻", "yellow", "the run's body failed"),
    "JOB_WAITING": ("⏸", "magenta", "parked, its slot is free"),
    "JOB_RELEASED": ("⏸", "yellow", "given back by its worker"),
    "CANCEL_REQUESTED": ("■", "yellow", "asked to stop"),
    "WORKER_LOST": ("!", "bold red", "its worker is gone, another goes on from the last checkpoint"),
    "DRIFT_FOUND": ("!", "bold red", "the code no longer fits the checkpoints"),
    "RUN_REPAIRED": ("✚", "bold yellow", "repaired by `mainspring doctor`"),
    "TASK_STARTED": ("→", "bright_black", ""),
    "TASK_RETRIED": ("↻", "yellow", ""),
    "TASK_COMPLETED": ("✔", "green", ""),
    "TASK_FAILED": ("✘", "red", ""),
    "TASK_IN_DOUBT": ("?", "bold red", "nobody knows whether it was done"),
    "TASK_RECONCILED": ("↻", "yellow", "reconcile was asked"),
    "TASK_SETTLED": ("↻", "yellow", "a person settled it"),
    "APPROVAL_ASKED": ("?", "magenta", "people are asked"),
    "APPROVAL_ANSWERED": ("✔", "green", "answered"),
    "APPROVAL_REFUSED": ("✘", "yellow", "an answer was refused"),
    "APPROVAL_DELEGATED": ("↻", "yellow", "handed on"),
    "APPROVAL_REMINDED": ("?", "magenta", "people are reminded"),
    "APPROVAL_ESCALATED": ("?", "magenta", "more people are asked"),
    "APPROVAL_EXPIRED": ("✘", "yellow", "nobody decided in time"),
    "WAIT_STARTED": ("⏸", "magenta", ""),
    "WAIT_RESOLVED": ("✔", "green", "resolved"),
    "WAIT_TIMED_OUT": ("✘", "yellow", "timed out"),
}


def of_entry(
    entry: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]], label: str = ""
) -> Text | None:
    """A history entry as a line; None for entries with nothing new in them.

    `tasks`: the run's tasks by key, for their outputs. `label` names the run where several are shown.
    """
    told = _TOLD.get(entry["kind"])
    if told is None or _is_small_talk(entry, tasks):
        return None
    glyph, style, words = told
    parts = [part for part in (entry["task"], words, *_details(entry, tasks)) if part]
    return _line(
        entry["at"], label, Text(f"{glyph} ", style=style), Text(output.clean("  ".join(parts)), style=style)
    )


def _is_small_talk(entry: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> bool:
    """The start of a first attempt (its end is told), and the moments that `io.now()` notes."""
    if entry["kind"] == "TASK_STARTED":
        return (entry["attempt"] or 1) == 1
    return entry["task"] in tasks and tasks[entry["task"]]["kind"] == "value"


def of_log(log: Mapping[str, Any], label: str = "") -> Text:
    """A log line with its level, its task and its fields."""
    style = LEVEL_STYLES.get(log["level"], "")
    line = Text(f"{log['level']:<7} ", style=style)
    line.append(output.clean(log["message"]), style=style)
    for name, value in (log["fields"] or {}).items():
        line.append(f" {output.clean(str(name))}=", style="bright_black")
        line.append(output.clean(output.compact(value)), style="cyan")
    if log["task"]:
        line.append(f"  [{output.clean(log['task'])}]", style="bright_black")
    return _line(log["at"], label, Text("│ ", style="bright_black"), line)


def of_end(run: Mapping[str, Any], label: str = "") -> Text:
    """How a run ended, after how long, with what."""
    took = output.span(run["started_at"], run["finished_at"])
    spent = "" if took is None else f" in {format_duration(took)}"
    style = STATUS_STYLES.get(run["status"], "")
    is_good = run["status"] == "SUCCESS"
    end = Text(f"{run['status']}{spent}", style=style)
    end.append(f"  {output.clean(output.result_of(run))}", style="default")
    return _line(run["finished_at"], label, Text("✔ " if is_good else "✘ ", style=style), end)


def _line(at: str, label: str, glyph: Text, body: Text) -> Text:
    shown = Text(f"{output.local_time(at)} ", style="bright_black")
    if label:
        shown.append(f"{output.clean(label)} ", style="blue")
    return shown + glyph + body


def _details(entry: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    data, kind = entry["data"] or {}, entry["kind"]
    task = tasks.get(entry["task"])
    details = []
    if kind == "TASK_STARTED":
        details.append(f"attempt {entry['attempt']}")
    if kind in ("TASK_RETRIED", "JOB_RETRIED"):
        details.append(f"attempt {entry['attempt']} failed")
    if "done" in data:
        details.append("it was done" if data["done"] else "it was not done")
    if kind.startswith("APPROVAL"):
        words = [data.get(name) for name in ("by", "decision", "to", "why", "comment")]
        details += [", ".join(data.get("of", ())), *(word.split("\n")[0] for word in words if word)]
    if "verdict" in data:
        details.append(data["verdict"])
    if isinstance(data.get("message"), str):
        details.append(data["message"].strip().split("\n")[0])
    if data.get("retry_in") is not None:
        details.append(f"again in {format_duration(round(data['retry_in'] * 1e6))}")
    if kind == "WAIT_STARTED":
        details.append(output.wait_text({"task": entry["task"], **data}))
    if kind in ("TASK_COMPLETED", "WAIT_RESOLVED") and task is not None and task["output"] is not None:
        details.append(f"→ {output.outcome_text(task)}")
    return [detail for detail in details if detail]
