"""What no parser took is still told: deep, broken and odd JSON reaches every face (SPEC 6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from unittest import mock

import pytest

from mcp_auth_tui.exports import EXPORTS
from mcp_auth_tui.model import Exchange, Exchanged, Kind, Request, Response, Session, Stage, Started
from mcp_auth_tui.model.redactor import Redactor
from mcp_auth_tui.render.document import document, dumped, event
from mcp_auth_tui.text.redaction import TOO_DEEP
from mcp_auth_tui.tui.views import exchange, folding, sequence
from mcp_auth_tui.tui.views.content import Look

SECRET = "at-Zk3Jh7Qm2Xv9Lw4R"
BODIES = {
    "deep objects": '{"access_token":"at-Zk3Jh7Qm2Xv9Lw4R","a":' * 500 + "1" + "}" * 500,
    "deep arrays": "[" * 500 + f'{{"access_token":"{SECRET}"}}' + "]" * 500,
    "deeper than a parser goes": "[" * 100_000 + f'{{"access_token":"{SECRET}"}}' + "]" * 100_000,
    "as deep as the stack": "[" * 960 + f'{{"access_token":"{SECRET}"}}' + "]" * 960,
    "a member twice": f'{{"access_token":"{SECRET}","access_token":"x","copy":"{SECRET}"}}',
    "no numbers": f'{{"a":[NaN,-Infinity,1e999],"access_token":"{SECRET}"}}',
    "half a pair": f'{{"\\ud800":"\\udfff","access_token":"{SECRET}\\ud800"}}',
    "cut off": f'{{"access_token":"{SECRET}',
}


def exchanged(body: str, kind: str, status: int, about: Kind) -> Exchange:
    return Exchange(
        number=1,
        request=Request(Stage.TOKEN, "", "POST", "https://auth.example.com/token", about),
        result=Response(status, (("content-type", kind),), body.encode()),
        started=1.0,
        seconds=0.1,
    )


def faces(session: Session) -> Iterator[Callable[[], str]]:
    item = session.exchanges[0]
    view = exchange.View(session, Look(100))
    yield lambda: dumped(document(session))
    yield lambda: dumped(event(Exchanged(item), session))
    yield lambda: EXPORTS["report"].render(session)
    yield lambda: EXPORTS["report-html"].render(session)
    yield lambda: "\n".join(line.content.plain for line in exchange.answer(item, view))
    yield lambda: session.redactor().body(item.response.body, "") if item.response else ""
    yield lambda: str((folding.first(item), sequence.steps(session)))


@pytest.mark.parametrize("about", [Kind.METADATA, Kind.TOKEN])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_face_tells_of_it_and_keeps_its_secret(body: str, kind: str, about: Kind) -> None:
    sent = f"data: {body}\n\n" if "stream" in kind else body
    for status in (200, 401):
        item = exchanged(sent, kind, status, about)
        session = Session().apply(Started("https://h.example/mcp", 1.0)).apply(Exchanged(item))
        for face in faces(session):
            assert SECRET not in face()


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_person_who_looks_at_secrets_sees_it_too(body: str) -> None:
    item = exchanged(body, "application/json", 200, Kind.TOKEN)
    session = Session().apply(Exchanged(item))
    assert exchange.answer(item, exchange.View(session, Look(100, reveal=True)))


def test_what_is_nested_too_deeply_is_left_out_and_said() -> None:
    told = json.loads(Redactor().body(BODIES["deep arrays"].encode(), "application/json"))
    levels = 0
    while isinstance(told, list):
        levels, told = levels + 1, told[0]
    assert (levels, told) == (64, TOO_DEEP)


def test_an_exchange_that_cannot_be_told_does_not_take_the_others_with_it() -> None:
    item = exchanged("{}", "application/json", 200, Kind.TOKEN)
    session = Session().apply(Exchanged(item)).apply(Exchanged(item))
    whole = document(session)
    with mock.patch.object(Redactor, "body", side_effect=RecursionError):
        broken = document(session)
    fault = {
        "number": 1,
        "status": 200,
        "fault": "This exchange cannot be shown (RecursionError): our bug.",
    }
    assert broken == {**whole, "exchanges": [fault, fault]}
