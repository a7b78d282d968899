"""Who asks: the environment that a key, or a browser's cookie, stands for."""

from pydantic import BaseModel, Field

from mainspring.server.call import services_of
from mainspring.server.rooms import Caller, room
from mainspring.version import __version__

router = room("/api/v1", "session")


class SessionShape(BaseModel):
    project: str
    environment: str
    environment_id: str
    is_dev: bool = Field(description="A development server: browsers of its own machine need no key.")
    version: str = Field(description="Of the server.")


@router.get("/session")
async def get_session(call: Caller) -> SessionShape:
    """Whom the request's key belongs to."""
    holder = call.holder
    return SessionShape(
        project=holder.project,
        environment=holder.environment,
        environment_id=holder.environment_id,
        is_dev=services_of(call.request).browsers.is_open,
        version=__version__,
    )
