"""Texts that somebody means ill with, and an app that puts them wherever a text may stand."""

#: Says in the page that a script of somebody else's has run.
RAN = "window.hostile=1"

NASTY = (
    f"<script>{RAN}</script>",
    f"</script><script>{RAN}</script>",
    f"<img src=x onerror={RAN}>",
    f'"><img src=x onerror="{RAN}">',
    f"'><svg/onload={RAN}>",
    f"<svg><animate onbegin={RAN} attributeName=x dur=1s>",
    f"<svg><script>{RAN}</script></svg>",
    f"<body onload={RAN}>",
    f"<details open ontoggle={RAN}>",
    f"<iframe srcdoc='<script>parent.{RAN[7:]}</script>'>",
    f"<math><mtext></p><style><img src=x onerror={RAN}>",
    f"<a href=javascript:{RAN}>click</a>",
    f"javascript:{RAN}//",
    f"JaVaScRiPt:{RAN}",
    f"data:text/html,<script>{RAN}</script>",
    "vbscript:msgbox(1)",
    f"[click](javascript:{RAN})",
    f"![x](x onerror={RAN})",
    f"{{{{constructor.constructor('{RAN}')()}}}}",
    f"${{{RAN}}}",
    f"#{{{RAN}}}",
    f"<%= {RAN} %>",
    "{% raw %}{{ 7 * 7 }}{% endraw %}",
    f"`${{{RAN}}}`",
    "<!--",
    "]]>",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "\u202eright to left\u202c gpj.exe",
    "\u2066isolated\u2069 \u200f\u200e",
    "zero\u200bwidth\u200djoined\ufeff",
    "W" * 200,
    "\u00c4\u0301" * 60 + "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 12,
    "\ufdfd" * 12,
    "null",
    "undefined",
    "__proto__",
    "constructor",
    "NaN",
    "'; drop table runs; --",
    "\"quoted\" 'twice' \\ backslash",
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "%00%0d%0aSet-Cookie: a=b",
)

APP = """
import json
from pathlib import Path

from pydantic import BaseModel, Field

from mainspring import IO, CircuitBreaker, Client, cron_trigger, event_trigger, invoke_trigger

client = Client("shop")
NASTY = json.loads(Path("nasty.json").read_text())


class Text(BaseModel):
    text: str = Field(title=NASTY[2], description=NASTY[3], examples=[NASTY[4]])


def job(at: int, text: str) -> None:
    @client.job(id=f"job-{at}", name=text, trigger=cron_trigger("0 9 * * *"))
    async def named(io: IO) -> None: ...


for at, text in enumerate(NASTY):
    job(at, text)


@client.job(id="fails", name=NASTY[0], trigger=event_trigger(NASTY[2]), queue=NASTY[1], retry=1)
async def fails(payload: Text, io: IO) -> None:
    text = payload.text
    io.logger.error(text, **{"text": text})
    await io.run_task(text, lambda: {text: [text]}, params={text: text}, properties={text: text})
    raise ValueError(text)


@client.job(id="holds", trigger=invoke_trigger(), retry=1)
async def holds(payload: Text, io: IO) -> None:
    text = payload.text
    await io.run_task("look", lambda: None, breaker=CircuitBreaker(text))
    token = await io.create_token(text, tags=[text])
    await io.wait_for_token(token)


@client.job(id="reports", trigger=client.dynamic_schedule("reports"))
async def reports(io: IO) -> None: ...


@client.job(id="asks", trigger=invoke_trigger())
async def asks(payload: Text, io: IO) -> None:
    text = payload.text
    io.metadata.set("text", text)
    title = text if text.isprintable() else "an unprintable title is refused"
    await io.wait_for_approval("ask", title=title, show={text: [{text: text}]}, schema=Text, to=["ann@x"])
"""
