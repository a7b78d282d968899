"""The apps that `init` can write: for each framework its files, what they need, and how they are started."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

_JOBS = '''client = Client("$name")
%s

class Hello(BaseModel):
    who: str = "world"


@task(retry=3)
%sdef compose(who: str) -> str:
    """A durable task: its result is kept, and it is tried up to three times."""
    return f"Hello, {who}!"


@client.job(id="hello", name="Say hello", trigger=event_trigger("hello.world"))
%sdef hello(payload: Hello, io: %s) -> dict[str, str]:
    greeting = %scompose(payload.who)
    %sio.wait("1 second")  # costs nothing, and survives a crash
    io.logger.info(greeting, who=payload.who)
    return {"greeting": greeting}
'''


def _async_jobs(extra: str = "") -> str:
    return _JOBS % (extra, "async ", "async ", "IO", "await ", "await ")


def _plain_jobs(extra: str = "") -> str:
    return _JOBS % (extra, "", "", "SyncIO", "", "")


_PLAIN = '''"""$name: a Mainspring app. `mainspring dev` runs it and reloads it when you save."""

from mainspring import IO, Client, event_trigger, task
from pydantic import BaseModel

''' + _async_jobs()

_FASTAPI = (
    '''"""$name: a FastAPI app with its jobs inside. `uvicorn app:app --reload` is all there is to start."""

from fastapi import FastAPI
from mainspring import IO, Client, event_trigger, task
from pydantic import BaseModel

'''
    + _async_jobs('app = FastAPI(lifespan=client.lifespan)\napp.mount("/mainspring", client.asgi())\n')
    + """

@app.post("/hello")
async def say_hello(hello: Hello) -> dict[str, str]:
    event = await client.send_event("hello.world", hello)
    return {"run": event.runs[0].id}


@app.get("/runs/{id}")
async def run(id: str) -> dict[str, object]:
    found = await client.runs.retrieve(id)
    return {"status": found.status, "output": found.output}
"""
)

_FLASK = (
    '''"""$name: a Flask app and its jobs. `mainspring dev` runs the jobs, `flask run` the pages."""

from flask import Flask, request
from mainspring import Client, SyncIO, event_trigger, task
from pydantic import BaseModel

'''
    + _plain_jobs("app = Flask(__name__)\n")
    + """

@app.post("/hello")
def say_hello() -> dict[str, str]:
    event = client.sync.send_event("hello.world", Hello.model_validate(request.get_json()))
    return {"run": event.runs[0].id}


@app.get("/runs/<run_id>")
def run(run_id: str) -> dict[str, object]:
    found = client.sync.runs.retrieve(run_id)
    return {"status": found.status, "output": found.output}
"""
)

_DJANGO_APP = '''"""$name: the jobs of a Django site. `mainspring dev` runs them, `manage.py runserver` the pages."""

import os

import django
from mainspring import Client, SyncIO, event_trigger, task
from pydantic import BaseModel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")
django.setup()  # so that jobs may use models

''' + _plain_jobs()

_DJANGO_MANAGE = '''"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")
    execute_from_command_line(sys.argv)
'''

_DJANGO_SETTINGS = '''"""Settings of the site. The key is for development: set DJANGO_SECRET_KEY elsewhere."""

import os

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "$secret")
DEBUG = "DJANGO_SECRET_KEY" not in os.environ
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "web.urls"
INSTALLED_APPS: list[str] = []
USE_TZ = True
'''

_DJANGO_URLS = '''"""The pages."""

from django.urls import path

from web import views

urlpatterns = [path("hello", views.say_hello), path("runs/<run_id>", views.run)]
'''

_DJANGO_VIEWS = '''"""Views send events and look at runs by `client.sync`."""

from app import Hello, client
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST


@csrf_exempt
@require_POST
def say_hello(request: HttpRequest) -> JsonResponse:
    event = client.sync.send_event("hello.world", Hello.model_validate_json(request.body))
    return JsonResponse({"run": event.runs[0].id})


def run(request: HttpRequest, run_id: str) -> JsonResponse:
    found = client.sync.runs.retrieve(run_id)
    return JsonResponse({"status": found.status, "output": found.output})
'''

_TEST = '''"""A task is a function like any other outside a run, so it is tested like one."""

%sfrom app import Hello, compose


def test_the_greeting_names_who_is_greeted() -> None:
    assert %s == "Hello, Ada!"


def test_the_payload_has_a_default() -> None:
    assert Hello().who == "world"
'''
_ASYNC_TEST = _TEST % ("import asyncio\n\n", 'asyncio.run(compose("Ada"))')
_PLAIN_TEST = _TEST % ("", 'compose("Ada")')

_DEV = ("mainspring dev", "the platform and your jobs, reloading")
_SEND = ('mainspring send hello.world \'{"who": "Ada"}\' --wait', "in another terminal")
_POST = "curl 127.0.0.1:%s/hello -H 'content-type: application/json' -d '{\"who\": \"Ada\"}'"


@dataclass(frozen=True, slots=True)
class Framework:
    """Files by path, templates with $name and $secret; requirements; (command, what it does) to start with."""

    files: Mapping[str, str]
    requires: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]

    def texts(self, name: str) -> dict[str, str]:
        """The files of a project called `name`."""
        secret = secrets.token_urlsafe(48)
        return {
            path: Template(text).substitute(name=name, secret=secret) for path, text in self.files.items()
        }


FRAMEWORKS: Mapping[str, Framework] = {
    "plain": Framework({"app.py": _PLAIN, "test_app.py": _ASYNC_TEST}, (), (_DEV, _SEND)),
    "fastapi": Framework(
        {"app.py": _FASTAPI, "test_app.py": _ASYNC_TEST},
        ("fastapi", "uvicorn"),
        (
            ("uvicorn app:app --reload", "the app with the platform inside"),
            (_POST % 8000, "in another terminal"),
        ),
    ),
    "flask": Framework(
        {"app.py": _FLASK, "test_app.py": _PLAIN_TEST},
        ("flask",),
        (_DEV, ("flask run", "the pages, in another terminal"), (_POST % 5000, "in a third one")),
    ),
    "django": Framework(
        {
            "app.py": _DJANGO_APP,
            "test_app.py": _PLAIN_TEST,
            "manage.py": _DJANGO_MANAGE,
            "web/__init__.py": '"""The site of $name."""\n',
            "web/settings.py": _DJANGO_SETTINGS,
            "web/urls.py": _DJANGO_URLS,
            "web/views.py": _DJANGO_VIEWS,
        },
        ("django",),
        (
            _DEV,
            ("python manage.py runserver", "the pages, in another terminal"),
            (_POST % 8000, "in a third one"),
        ),
    ),
}
