"""Connectors: typed adapters for outside services. Write one as a class under `Connector`, its actions under `@action`.

`client = Client("shop", connectors={"slack": Slack(token=...)})`, and inside a run
`await io.slack.post_message("tell-ops", channel="#ops", text="hi")`: a durable task.
"""

from mainspring.connectors.connector import Connector
from mainspring.connectors.declared import action

__all__ = ["Connector", "action"]
