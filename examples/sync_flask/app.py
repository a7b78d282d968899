"""A Flask app with background jobs in plain Python: no `async` anywhere.

`mainspring dev app.py` runs the jobs, `flask run` the pages; MAINSPRING_API_KEY is what the first of them prints.
"""

from flask import Flask, request
from pydantic import BaseModel

from mainspring import Client, SyncIO, event_trigger

client = Client("newsletter")
app = Flask(__name__)


class Signup(BaseModel):
    email: str


def deliver(email: str, subject: str) -> str:
    """Stands for a mail server's client, which blocks."""
    return f"{subject} -> {email}"


@client.job(id="welcome", trigger=event_trigger("signup.made"))
def welcome(payload: Signup, io: SyncIO) -> list[str]:
    first = io.run_task("first-mail", deliver, payload.email, "Welcome")
    io.wait_for_event("confirmed", name="signup.confirmed", id=payload.email, timeout="7 days")
    second = io.run_task("second-mail", deliver, payload.email, "Thank you")
    return [first, second]


@app.post("/signups")
def signup() -> dict[str, str]:
    payload = Signup.model_validate(request.get_json())
    event = client.sync.send_event("signup.made", payload, idempotency_key=payload.email)
    return {"run": event.runs[0].id}


@app.post("/signups/<email>/confirm")
def confirm(email: str) -> dict[str, str]:
    return {"event": client.sync.send_event("signup.confirmed", id=email).event_id}


@app.get("/runs/<run_id>")
def run(run_id: str) -> dict[str, object]:
    found = client.sync.runs.retrieve(run_id)
    return {"status": found.status, "output": found.output}
