"""`approvals`: what runs ask people, and what they answer."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, groups, options, output
from mainspring.cli.payload import read_payload

approvals = groups.group("Approvals: list, get, answer, delegate, links. Bare `approvals` lists.")

ApprovalId = Annotated[str, typer.Argument(metavar="APPROVAL", help="Its id (apr_...).", show_default=False)]


@approvals.command("list")
def list_approvals(
    status: Annotated[
        str | None,
        typer.Option("--status", help="Only WAITING, APPROVED, REJECTED, EXPIRED or CANCELLED ones."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="WHO", help="Only those this person is asked in.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", help="Only those of this run.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only approvals with this tag.")] = None,
    limit: options.Limit = 20,
    as_json: options.Json = False,
) -> None:
    """List approvals, the newest first."""
    wanted = None if status is None else status.upper()
    page = connection.listing("/approvals", limit, status=wanted, to=to, run=run, tag=tag)
    if as_json:
        return output.document(page)
    rows = [
        (
            one["id"],
            one["status"],
            one["title"],
            ", ".join(_open_people(one)) or ("anybody" if not one["people"] else ""),
            output.local_time(one["created_at"]),
            output.local_time(one["expires_at"]) if one["expires_at"] else "",
            one["run_id"],
        )
        for one in page["data"]
    ]
    titles = ("APPROVAL", "STATUS", "TITLE", "ASKED", "SINCE", "UNTIL", "RUN")
    output.table(titles, rows, empty="Nobody was asked for an approval yet.")


@approvals.command("get")
def get_approval(approval: ApprovalId, as_json: options.Json = False) -> None:
    """Show an approval: what it is about, who is asked, who answered what and when."""
    _show(connection.ask("GET", f"/approvals/{connection.quoted(approval)}"), as_json)


@approvals.command("answer")
def answer_approval(
    approval: ApprovalId,
    approve: Annotated[
        bool | None, typer.Option("--approve/--reject", help="What is answered.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who answers it.")] = None,
    comment: Annotated[str | None, typer.Option("--comment", help="Kept with the answer.")] = None,
    form: Annotated[
        str | None, typer.Option("--form", metavar="JSON|@FILE|-", help="What the form asks for.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Approve or reject: --approve or --reject."""
    if approve is None:
        raise typer.BadParameter("say --approve or --reject")
    given = {"by": by, "comment": comment, "form": None if form is None else read_payload(form)}
    body = {name: value for name, value in given.items() if value is not None}
    body["decision"] = "approve" if approve else "reject"
    _show(connection.ask("POST", f"/approvals/{connection.quoted(approval)}", body=body), as_json)


@approvals.command("delegate")
def delegate_approval(
    approval: ApprovalId,
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who was asked, and hands it on.")],
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="Who is asked instead.")],
    as_json: options.Json = False,
) -> None:
    """Hand an approval on to somebody else."""
    body = {"by": by, "to": to}
    _show(connection.ask("POST", f"/approvals/{connection.quoted(approval)}/delegate", body=body), as_json)


@approvals.command("links")
def show_links(approval: ApprovalId, as_json: options.Json = False) -> None:
    """Print the page of each person who is asked. Whoever has it answers as them."""
    page = connection.ask("GET", f"/approvals/{connection.quoted(approval)}/links")
    if as_json:
        return output.document(page)
    rows = [(one["person"] or "anybody", one["url"]) for one in page["data"]]
    output.table(("PERSON", "LINK"), rows, empty="Nobody has a link: there is nothing left to answer.")


def _open_people(one: dict[str, Any]) -> list[str]:
    """Who is asked and has not answered."""
    answered = {answer["by"] for answer in one["answers"]}
    return [
        person["person"]
        for person in one["people"]
        if person["delegated_to"] is None and person["person"] not in answered
    ]


def _show(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return output.document(one)
    is_round = one["revision"] > 1
    output.facts(
        [
            ("approval", one["id"]),
            ("status", one["status"]),
            ("title", one["title"]),
            ("about", None if one["show"] is None else output.compact(one["show"], 2_000)),
            ("asked", ", ".join(person["person"] for person in one["people"]) or "anybody"),
            ("quorum", str(one["quorum"]) if one["quorum"] > 1 else None),
            ("requested by", one["requested_by"]),
            ("run", one["run_id"]),
            ("task", one["task"]),
            ("round", f"{one['revision']} of {one['correlation']}" if is_round else None),
            ("tags", ", ".join(one["tags"]) or None),
            ("since", output.local_time(one["created_at"])),
            ("until", output.local_time(one["expires_at"]) if one["expires_at"] else None),
            ("ended", output.local_time(one["ended_at"]) if one["ended_at"] else None),
            *[line for person in one["people"] for line in _handed(person)],
            *[line for answer in one["answers"] for line in _answered(answer)],
        ]
    )


def _handed(person: dict[str, Any]) -> list[tuple[str, str | None]]:
    to = person["delegated_to"]
    return [("handed on", f"by {person['person']} to {to}")] if to else []


def _answered(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    did = {"approve": "approved", "reject": "rejected"}[answer["decision"]]
    door = {"link": "by link", "api": "with an API key"}[answer["via"]]
    origin = f" from {answer['from']}" if answer["from"] else ""
    form = None if answer["form"] is None else output.compact(answer["form"], 2_000)
    return [
        (did, f"by {answer['by'] or 'somebody'} at {output.local_time(answer['at'])}, {door}{origin}"),
        ("comment", answer["comment"]),
        ("form", form),
    ]
