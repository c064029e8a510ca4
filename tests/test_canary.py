"""One secret under each of many spellings of its name, searched for in all that a run hands out.

No value is known to the program but by the name that it bears where it stands. What is searched
for is the value as it is, and as base64, URLs and JSON have it.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest

from mcp_auth_tui.exports import EXPORTS
from mcp_auth_tui.exports.requests import REQUEST_FORMS
from mcp_auth_tui.inspect.formats import FORMATS, Setting, form
from mcp_auth_tui.model import (
    Ended,
    Entered,
    Event,
    Exchange,
    Exchanged,
    Field,
    Finding,
    Kind,
    Learned,
    Left,
    Level,
    Outcome,
    Ready,
    Released,
    Request,
    Response,
    Secret,
    Session,
    Stage,
    Started,
    Status,
    Tried,
    Whose,
)
from mcp_auth_tui.model.oauth import Challenge, Contact, Peer
from mcp_auth_tui.recordings.recorder import recording
from mcp_auth_tui.render.document import document, dumped, event
from mcp_auth_tui.render.plain import Plain
from mcp_auth_tui.settings.arguments.names import REPORTS
from mcp_auth_tui.settings.editable import shown
from mcp_auth_tui.text.redaction import is_secret_name
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.panels import detail
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.screens.request_editor import row_content
from mcp_auth_tui.tui.views import exchange, request, request_form, sequence, sequence_lines
from mcp_auth_tui.tui.views.content import Look
from tests.tui.conftest import app_of, settled

NAMES = (
    *("access_token", "accessToken", "AccessToken", "ACCESS_TOKEN", "access-token", "ACCESSTOKEN"),
    *("x-access-token", "newAccessToken", "initial_access_token", "registrationAccessToken"),
    *("refresh_token", "refreshToken", "Refresh-Token", "id_token", "idToken", "id_token_hint"),
    *("client_secret", "client-secret", "clientSecret", "CLIENT_SECRET", "client_assertion"),
    *("code_verifier", "codeVerifier", "device_code", "deviceCode", "subject_token", "assertion"),
    *("logout_token", "software_statement", "password", "db.password", "api_key", "X-Api-Key"),
    *("apikey", "authorization_code", "code", "state", "token", "nonce", "Authorization"),
)
PLAIN_NAMES = (
    *("token_type", "user_code", "code_challenge", "dpop-nonce", "progressToken", "error_code"),
    *("client_id", "request_uri", "login_hint", "invalid_token", "expires_in", "next_page_token"),
)
URL = "https://mcp.example.com/mcp"
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_BETWEEN = re.compile(r"[\s\"',;:+|\[\]\\]+")
LOOK = Look(100, letters=LETTERS)


def canary(index: int, place: str) -> str:
    """A value of its own for each name and place: it is known nowhere else."""
    return f"cnry{index:02}x{place}9Zq7Wm4Tk2Vb8"


def exchanges() -> Iterator[Exchange]:
    for at, name in enumerate(NAMES):
        bodies: list[tuple[str, str]] = [
            ("application/json", json.dumps({"a": [{name: canary(at, "json")}], "deep": [[]] * 2})),
            ("application/json", json.dumps({name: canary(at, "cut"), "b": 1})[:-4]),
            ("text/event-stream", f"data: {json.dumps({name: canary(at, 'sse')})}\n\n"),
            ("application/x-www-form-urlencoded", f"a=b&{name}={canary(at, 'body')}"),
            ("text/html", f"<p>The {name}: {canary(at, 'prose')} is wrong</p>"),
            # The server repeats it under a name that says nothing, and inside of base64.
            ("application/json", json.dumps({"note": canary(at, "echo"), name: canary(at, "echo"),
                                             "b": encoded(canary(at, "echo"))})),
        ]  # fmt: skip
        # Two forms for each name: all of them together take too long.
        for kind, body in bodies[at % 3 :: 3]:
            yield Exchange(
                number=at + 1,
                request=Request(
                    Stage.TOKEN, "the purpose", "POST",
                    f"https://auth.example.com/token?{name}={canary(at, 'query')}#{name}="
                    f"{canary(at, 'fragment')}",
                    Kind.MCP if at % 2 else Kind.METADATA,
                    (Field(name, canary(at, "field"), "why"),),
                    (Field(name, canary(at, "form"), "why"),) if at % 2 else None,
                    None if at % 2 else {"inner": {name: canary(at, "member")}},
                ),
                result=Response(
                    401,
                    (
                        ("content-type", kind),
                        (name.lower(), canary(at, "header")),
                        ("location", f"https://h.example/?to=%2F%3F{name}%3D{canary(at, 'in')}"),
                        ("www-authenticate", f'Bearer x=y, {name}="{canary(at, "challenge")}"'),
                    ),
                    body.encode(),
                ),
                started=1.0,
                seconds=0.1,
            )  # fmt: skip


def encoded(value: str) -> str:
    return b64encode(f"a:{value}:z".encode()).decode()


def events() -> Iterator[Event]:
    yield Started(URL, 1.0)
    yield Entered(Stage.TOKEN)
    challenges = tuple(
        Challenge("Bearer", None, ((name, canary(at, "param")),)) for at, name in enumerate(NAMES)
    )
    yield Learned("contact", Contact(401, challenges))
    for item in exchanges():
        yield Ready(item.request)
        yield Released(item.request)
        yield Exchanged(item)
    for at, name in enumerate(NAMES):
        said = f"it says {name}={canary(at, 'seen')} and {name}: {canary(at, 'colon')}."
        where = f"https://h.example/?{name}={canary(at, 'place')}"
        yield Finding(
            "as-missing", Level.ERROR, said, said, said, Whose.ISSUER, "RFC", said, Stage.TOKEN, 1
        )
        yield Tried(Stage.TOKEN, "a place", where, "lost", said)
        yield Learned("peer", Peer("stateless", "2026-07-28", instructions=said, called=said))
        yield Left(Stage.TOKEN, Status.FAILED, said)
    yield Ended(Outcome.FAILED, 2.0, None, 1)


def told(parts: Any) -> str:
    return "\n".join(part.plain for part in parts)


def faces(session: Session) -> Iterator[tuple[str, str]]:
    lines: list[str] = []
    plain, so_far, written = Plain(lines.append), Session(), []
    for happened in events():
        so_far = so_far.apply(happened)
        plain.show(happened, so_far)
        written.append(dumped(event(happened, so_far)))
    yield "plain", "\n".join(lines)
    yield "events", "\n".join(written)
    yield "json", dumped(document(session))
    yield "json, decoded", str(json.loads(dumped(document(session))))
    yield "recording", recording(tuple(events()), session)
    recorded = recording(tuple(events()), session).splitlines()[1:]
    yield "recording, decoded", "\n".join(str(json.loads(line)) for line in recorded)
    for name in REPORTS:
        yield name, EXPORTS[name].render(session)
    for name in FORMATS:
        yield f"inspect {name}", form(name, Setting()).one(session)
    for panel in PANELS:
        page = detail.page(session, panel, LOOK)
        bodies = (document.body for document in page.documents)
        yield f"panel {panel.title}", "\n".join([page.content.plain, *bodies])
    yield "sequence", told(sequence_lines.draw(step, 100) for step in sequence.steps(session))
    for item in session.exchanges:
        number = item.number
        for name, form_of in REQUEST_FORMS.items():
            yield f"{name} {number}", form_of.render(session, item.request)
        yield f"log {number}", request.exchange_line(session, item, LOOK).plain
        yield f"request {number}", told(request.request(session, item.request, LOOK))
        view = exchange.View(session, LOOK)
        both = (*exchange.request(item, view), *exchange.answer(item, view))
        yield f"exchange {number}", told(line.content for line in both)
        yield (
            f"body {number}",
            session.redactor().body(item.response.body, "") if item.response else "",
        )
        rows = request_form.rows_of(item.request)
        yield f"editor {number}", told(row_content(row, LOOK) for row in rows)
    for at, name in enumerate(NAMES):
        yield f"command line {name}", shown("param", f"{name}={canary(at, 'option')}")


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    for happened in events():
        made = made.apply(happened)
    return made


def views(text: str) -> Iterator[str]:
    """A text as it is, and as URLs, JSON and base64 have it."""
    yield text
    yield unquote(text)
    yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    for run in _BASE64.findall(text):
        whole = run[: len(run) - (len(run) % 4 == 1)]
        yield b64decode(whole + "=" * (-len(whole) % 4), altchars=b"-_").decode("latin-1")


def leaks(text: str) -> list[str]:
    """Return the values that a text holds, in any form; nothing that splits one hides it."""
    found = set()
    for view in views(text):
        joined = _BETWEEN.sub("", view)
        found |= {part[:7] for part in joined.split("cnry")[1:]}
    joined = "".join(text.split())
    hidden = {encoded("cnry")[at : at + 4] for at in range(3)}
    return sorted(found | {word for word in hidden if word in joined})


@pytest.mark.parametrize("form", [
    "cnry01xjson9Zq7", "%63nry01xjson9Zq7", "\\u0063nry01xjson9Zq7", "cn\nry01x json9Zq7",
    '["cn", "ry01xjson9Zq7"]', b64encode(b"a cnry01xjson9Zq7 b").decode(),
])  # fmt: skip
def test_the_search_finds_a_value_in_every_form(form: str) -> None:
    assert leaks(f"told: {form}.") != []


def test_no_face_tells_a_credential_whatever_its_name_is_spelled_like(session: Session) -> None:
    assert {name: leaks(text) for name, text in faces(session) if leaks(text)} == {}


async def test_no_picture_of_the_screen_tells_one(session: Session) -> None:
    app = app_of(list(events()))
    async with app.run_test(size=(160, 50)) as pilot:
        await settled(pilot, lambda: app.driver.session.outcome is not None)
        for keys in (("3",), ("x", "enter"), ("f",)):
            await pilot.press(*keys)
            await pilot.pause()
            assert leaks(app.export_screenshot()) == []


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_what_is_needed_for_debugging_and_is_no_credential_is_not_one(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_in_every_spelling(name: str) -> None:
    for spelling in (name, name.upper(), quote(name).replace("_", "%5F"), name.replace("_", ".")):
        assert is_secret_name(spelling)


def test_a_secret_is_masked_inside_base64_wherever_it_begins() -> None:
    value = canary(1, "secret")
    redactor = Session(secrets=frozenset({Secret(value)})).redactor()
    for before in ("", "a", "ab", "abc"):
        shown_text = redactor.text(b64encode(f"{before}{value}tail".encode()).decode())
        assert "chars #" in shown_text
        assert len(shown_text) < 36
