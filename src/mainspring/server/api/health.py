"""Whether the process lives, and whether it can do its work; without a key, for whoever restarts it."""

import asyncio

from fastapi import Request, Response
from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.server.call import services_of
from mainspring.server.rooms import room
from mainspring.server.shapes.parts import At
from mainspring.version import __version__

router = room("", "health")


class Health(BaseModel):
    status: str = Field(examples=["ok"])
    version: str
    now: At = Field(description="Its clock, for those who compare theirs.")


class Readiness(BaseModel):
    ready: bool
    reasons: list[str] = Field(description="Why it is not ready.")


@router.get("/healthz")
async def healthz(request: Request) -> Health:
    """The process answers."""
    return Health(status="ok", version=__version__, now=to_iso(services_of(request).clock.now()))


@router.get("/readyz")
async def readyz(request: Request, response: Response) -> Readiness:
    """Database reached and migrated, server not stopping; 503 with the reasons otherwise."""
    services = services_of(request)
    reasons = ["the server is stopping"] if services.draining else []
    reasons += await asyncio.to_thread(services.readiness)
    response.status_code = 503 if reasons else 200
    return Readiness(ready=not reasons, reasons=reasons)
