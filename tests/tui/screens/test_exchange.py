"""The screen of one exchange, and what is done by hand: edit, send again; through Pilot."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input, OptionList, Static

from mcp_auth_tui.exports.requests import curl
from mcp_auth_tui.model import Exchange, Exchanged, Failure, Field, Learned, Request, Secret, Stage
from mcp_auth_tui.model.aside import SignatureCheck
from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.tokens.signatures import ACCESS
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.picker import PickScreen
from mcp_auth_tui.tui.screens.request_editor import EditScreen
from mcp_auth_tui.tui.views import content, evidence, exchange, folding
from mcp_auth_tui.tui.views import request as traffic
from mcp_auth_tui.tui.widgets.log import Log
from mcp_auth_tui.tui.widgets.long_text import LongText
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in
from tests.tui.test_app import side

CODE = "co-Xy12Zz34Qq56"
LOOK_30 = content.Look(30)


def jwt(claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256', 'kid': 'k1'})}.{part(claims)}.c2lnbmF0dXJl"


def view_of(events: list[Any], *, reveal: bool = False, folded: Any = frozenset()) -> exchange.View:
    session = fakes.Session()
    for event in events:
        session = session.apply(event)
    return exchange.View(session, content.Look(70, reveal), frozenset(folded))


def plain(lines: list[exchange.Line]) -> str:
    return "\n".join(line.content.plain for line in lines)


def token_exchange(**body: Any) -> Any:
    form = (Field("code", Secret(CODE), "from the browser"),)
    return fakes.exchange(
        1, fakes.Stage.TOKEN, "POST", f"{fakes.AS}/token?a=b%20c", 200, form=form, body=body
    )


def test_a_jwt_is_decoded_in_place_while_its_own_text_stays_masked() -> None:
    made = jwt({"aud": fakes.MCP, "scope": "files:read"})
    item = token_exchange(access_token=made, scope="files:read")
    told = plain(exchange.answer(item, view_of([])))
    for part in ("▾ JWT, read but not verified", f'"aud": "{fakes.MCP}"', '"kid": "k1"'):
        assert part in told
    assert made not in told
    path = next(x.fold for x in exchange.answer(item, view_of([])) if x.fold.endswith("#jwt"))
    closed = plain(exchange.answer(item, view_of([], folded=[path])))
    assert "▸ JWT, read but not verified" in closed
    assert '"aud"' not in closed


def test_a_jwt_is_called_verified_in_place_once_its_signature_was_checked() -> None:
    held = view_of([Learned("token", fakes.JWT)]).session
    item = token_exchange(access_token=fakes.JWT.access.reveal())
    for ok, words in (
        (True, "JWT, signature verified"),
        (False, "JWT, its signature is wrong"),
        (None, "JWT, read but not verified"),
    ):
        session = replace(held, checked=(SignatureCheck(ACCESS, ok, "why", 7),))
        assert words in plain(exchange.answer(item, replace(view_of([]), session=session)))
    other = token_exchange(access_token=jwt({"aud": "x"}))
    session = replace(held, checked=(SignatureCheck(ACCESS, True, "why", 7),))
    told = plain(exchange.answer(other, replace(view_of([]), session=session)))
    assert "JWT, read but not verified" in told


def test_objects_fold_to_one_line_that_counts_what_is_in_them() -> None:
    item = token_exchange(a={"b": [1, 2, {"c": None}]}, d="x")
    every = exchange.answer(item, view_of([]))
    assert '"c": null' in plain(every)
    folded = plain(exchange.answer(item, view_of([], folded=["answer/a"])))
    assert '"a": { 1 item }, ▸' in folded
    assert '"c"' not in folded
    assert '"d": "x"' in folded


def test_query_and_form_are_decoded_and_secrets_masked_until_revealed() -> None:
    item = token_exchange(ok=True)
    told = plain(exchange.request(item, view_of([Exchanged(item)])))
    assert "Query, decoded\na  b c" in told
    assert CODE not in told
    assert CODE in plain(exchange.request(item, view_of([], reveal=True)))


def test_an_event_stream_is_taken_apart_at_its_data() -> None:
    raw = b'event: message\ndata: {"result": {"tools": []}}\n\n'
    item = fakes.exchange(
        1, fakes.Stage.VERIFY, "POST", fakes.MCP, 200, body=raw, media="text/event-stream"
    )
    assert '    "tools": []' in plain(exchange.answer(item, view_of([])))


def test_a_long_answer_is_folded_at_first() -> None:
    item = token_exchange(x=[{"name": str(n), "deep": {"v": n}} for n in range(1500)], y=1)
    told = plain(exchange.answer(item, view_of([], folded=folding.first(item))))
    assert '"x": [ 1500 items ], ▸' in told
    assert '"y": 1' in told
    assert folding.first(token_exchange(x=[{"a": 1}])) == frozenset()


def test_a_list_of_thousands_is_one_line_at_first() -> None:
    raw = json.dumps([f"scope {n}" for n in range(5000)]).encode()
    item = fakes.exchange(1, fakes.Stage.SERVER, "GET", fakes.AS, 200, body=raw)
    told = plain(exchange.answer(item, view_of([], folded=folding.first(item))))
    assert "[ 5000 items ] ▸" in told
    assert "scope" not in told


JSON_VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text("a/~b", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("x/~", max_size=2), inner),
    max_leaves=60,
)


@given(st.lists(JSON_VALUES, min_size=1, max_size=5), st.booleans())
def test_what_is_folded_at_first_are_places_that_are_drawn(values: list[Any], stream: bool) -> None:
    """The folds are counted, not drawn: both must name an object or array alike."""
    raw = json.dumps(values).encode()
    media = "text/event-stream" if stream else "application/json"
    body = b"event: x\ndata: " + raw + b"\n\n" if stream else raw
    item = fakes.exchange(1, fakes.Stage.SERVER, "GET", fakes.AS, 200, body=body, media=media)
    drawn = {line.fold for line in exchange.answer(item, view_of([])) if line.fold}
    with mock.patch.object(folding, "_MANY", 1):
        assert folding.first(item) == drawn


def test_a_search_keeps_all_of_a_value_that_was_folded_and_says_when_nothing_is_found() -> None:
    item = token_exchange(scope="read " * 30, other="x")
    lines = exchange.answer(item, view_of([]))
    whole = plain(evidence.holding(lines, "scope"))
    assert whole.count("read") == 30
    assert '"other"' not in whole
    # A word that the end of a line cuts in two is found as well.
    cut = whole.splitlines()[0].strip()[-8:] + whole.splitlines()[1].strip()[:8]
    assert plain(evidence.holding(lines, cut)) == whole
    assert plain(evidence.holding(lines, "nowhere")) == "no line has this text"


def test_a_body_nested_too_deeply_is_no_fault() -> None:
    raw = b"[" * 900 + b"]" * 900
    item = fakes.exchange(1, fakes.Stage.SERVER, "GET", fakes.AS, 200, body=raw)
    assert "Body, 1.8 KB" in plain(exchange.answer(item, view_of([])))


def test_the_parts_of_the_time_stand_below_one_another() -> None:
    told = plain(exchange.answer(token_exchange(), view_of([])))
    assert "Time 41 ms\nconnect    4 ms ━━\nwait      37 ms ━━━━" in told


def test_time_that_neither_network_nor_server_took_is_told_as_ours() -> None:
    item = replace(token_exchange(), seconds=0.141)
    told = plain(exchange.answer(item, view_of([])))
    assert "Time 141 ms\nconnect    4 ms ━\nwait      37 ms ━━━━━━\nhere     100 ms ━━━━" in told


def test_a_failure_stands_in_the_log_as_a_whole_word_apart_from_its_marks() -> None:
    request = token_exchange().request
    failed = Exchange(3, request, Failure("net-oversize", "too long"), fakes.NOW, 0.047, 2)
    line = traffic.exchange_line(fakes.Session(), failed, content.Look(60)).plain
    assert line.startswith("  3 POST   oversize   47 ms ×2 auth.example.com/token")
    assert len(line) == 60


def test_the_columns_of_the_log_stand_fast_and_no_query_is_shown() -> None:
    long = f"{fakes.AS}/realms/a-realm-of-some-length/protocol/openid-connect/auth?state=x&code=y"
    items = [
        fakes.exchange(1, Stage.PROBE, "POST", fakes.MCP, 401, purpose="initialize"),
        fakes.exchange(12, Stage.TOKEN, "GET", long, 303, purpose="authorization request"),
    ]
    look = content.Look(72)
    assert [traffic.exchange_line(fakes.Session(), item, look).plain for item in items] == [
        "  1 POST   401  41 ms mcp.example.com/mcp          initialize           ",
        " 12 GET    303  41 ms auth.example.com/…nect/auth  authorization request",
    ]


def test_a_long_address_begins_beside_its_method_and_breaks_anywhere() -> None:
    lines = [part.plain for part in traffic.first_line("GET", f"https://x/{'y' * 40}", LOOK_30)]
    assert lines == [f"GET https://x/{'y' * 16}", "y" * 24]


def test_curl_has_names_in_the_place_of_credentials() -> None:
    request = token_exchange().request
    bearer = Field("Authorization", Secret("Bearer abc"), "")
    request = replace(request, headers=(*request.headers, bearer))
    made = curl(fakes.Session(), request)
    assert made == (
        "curl \\\n"
        f"  '{fakes.AS}/token?a=b%20c' \\\n"
        "  --header 'Accept: application/json' \\\n"
        "  --header 'Authorization: Bearer <authorization>' \\\n"
        "  --data-urlencode 'code=<code>'\n"
    )


async def test_wide_both_sides_stand_side_by_side_and_narrow_one_tab_at_a_time() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        app.main.open_exchange(5)
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        sides = [app.screen.query_one("#side-0"), app.screen.query_one("#answer")]
        assert [part.display for part in sides] == [True, True]
        await pilot.resize_terminal(80, 24)
        await settled(pilot, lambda: not sides[0].display)
        await pilot.press("tab")
        await settled(pilot, lambda: sides[0].display)
        assert not sides[1].display
        await pilot.press("2")
        await settled(pilot, lambda: sides[1].display)


async def test_enter_folds_and_the_filter_keeps_the_lines_that_match(copied: list[str]) -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        app.main.open_exchange(2)
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        screen: Any = app.screen
        await pilot.press("minus")
        await settled(pilot, lambda: "items ]" in side(screen, 1) or "item ]" in side(screen, 1))
        await pilot.press("plus", "slash", *"SCOPES")
        await settled(pilot, lambda: side(screen, 1) == '  "scopes_supported": [')
        await pilot.press("escape")
        await settled(pilot, lambda: "authorization_servers" in side(screen, 1))
        await pilot.press("b")
        await settled(pilot, lambda: bool(copied))
        assert json.loads(copied[0]) == fakes.PRM
        for number, (begin, down) in enumerate(
            (("curl ", ()), ("http ", ("down",)), ("import httpx\n", ("down", "down"))), 2
        ):
            await pilot.press("C")
            await settled(pilot, lambda: isinstance(app.screen, PickScreen))
            await pilot.press(*down, "enter")
            await settled(pilot, lambda number=number: len(copied) == number)  # type: ignore[misc]
            assert copied[-1].startswith(begin)


async def test_a_large_body_opens_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    big = fakes.exchange(1, fakes.Stage.SERVER, "GET", fakes.AS, 200, body={"x": ["y" * 90] * 2000})
    app = app_of([*fakes.mismatch()])
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        app.driver.apply(Exchanged(replace(big, number=9)))
        app.main.open_exchange(9)
        await settled(pilot, lambda: bool(app.screen.query(LongText)))
        assert "below, as text" in side(app.screen, 1)
        await pilot.press("left")
        await settled(pilot, lambda: not app.screen.query(LongText))


async def test_a_large_body_is_scrolled_by_keys_and_filtered_as_the_rest_is() -> None:
    tools = [{"name": f"tool_{n}", "title": "x" * 80} for n in range(2000)]
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        large = fakes.exchange(7, fakes.Stage.VERIFY, "POST", fakes.MCP, 200, body={"tools": tools})
        app.driver.apply(Exchanged(large))
        app.main.open_exchange(7)
        await settled(pilot, lambda: bool(app.screen.query(LongText)))
        screen: Any = app.screen
        body = screen.query_one(LongText)
        await settled(pilot, lambda: body.virtual_size.height > 2000)
        await pilot.press("tab")
        assert screen.focused is body
        await pilot.press("pagedown")
        await settled(pilot, lambda: body.scroll_offset.y > 0)
        await pilot.press("slash", *"TOOL_1999")
        await settled(pilot, lambda: body.body == '      "name": "tool_1999",')
        await settled(pilot, lambda: body.virtual_size.height == 1)
        await pilot.press("x")
        await settled(pilot, lambda: body.body == "no line of the body has this text")
        await pilot.press("escape")
        await settled(pilot, lambda: body.virtual_size.height > 2000)
        await pilot.press("tab", "tab")
        assert screen.focused.id == "side-0"


async def test_the_newest_exchange_is_followed_when_asked() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        app.main.open_exchange(1)
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        screen: Any = app.screen
        await pilot.press("F")
        await settled(pilot, lambda: screen.number == 4)
        app.driver.proceed()
        await settled(pilot, lambda: app.driver.session.waiting is not None)
        app.fakes[-1].come_back()
        await settled(pilot, lambda: screen.number == 6)


async def test_the_log_shows_only_what_holds_the_filter() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        await pilot.press("slash", *"well-known")
        log = app.query_one(Log)
        await settled(pilot, lambda: log.option_count == 2)
        assert "/ well-known: 2 of 6, esc shows all" in str(log.border_title)
        assert "enter keep the filter" in str(app.query_one("#keys").render())  # type: ignore[attr-defined]
        await pilot.press("enter", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        assert app.screen.number == 3
        await pilot.press("escape", "escape")
        await settled(pilot, lambda: log.option_count == 6)
        assert not app.query_one("#log-filter").display


async def test_a_request_is_sent_again_and_marked_without_losing_the_flow() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        app.main.open_exchange(2)
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        await pilot.press("a")
        await settled(pilot, lambda: app.screen.number == 5)
        assert app.driver.session.marks == ("exchange 5 sends exchange 2 again",)
        assert app.main.state.at_browser
        assert "↻ exchange 2 sent again" in side(app.screen, 0)


async def test_what_spends_a_code_is_sent_again_only_after_a_yes() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        app.main.open_exchange(5)
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        for answer in ("n", "y"):
            await pilot.press("a")
            await settled(pilot, lambda: isinstance(app.screen, Confirm))
            assert ("again", 5) not in app.fakes[0].asked
            await pilot.press(answer)
            await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        await settled(pilot, lambda: ("again", 5) in app.fakes[0].asked)
        assert app.driver.session.outcome == "ok"


async def test_a_sent_exchange_is_edited_and_sent_again() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        app.main.open_exchange(2)
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        await pilot.press("E")
        await settled(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press("down", "enter", "end", *"?x=1")
        name = app.screen.query_one("#edit-name", Static)
        assert (name.display, str(name.content)) == (True, "url:")
        await pilot.press("enter")
        await settled(pilot, lambda: not name.display)
        await pilot.press("s")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        await settled(pilot, lambda: app.screen.number == 7)
        last = app.driver.session.exchanges[-1]
        assert last.request.url == f"{fakes.RESOURCE.url}?x=1"
        assert (last.edited, last.again) == (True, 2)
        assert "✎ edited by hand" in side(app.screen, 0)


async def test_the_next_request_is_changed_before_it_is_sent() -> None:
    app = app_of(fakes.signed_in(), stepping=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.driver.session.ready is not None)
        request = app.driver.session.ready
        await pilot.press("E")
        await settled(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press("down", "down", "d", "a", *"X-Test: 1", "enter")
        await settled(pilot, lambda: not app.screen.query_one("#edit").display)
        await pilot.press("s")
        await settled(pilot, lambda: len(app.fakes[0].asked) > 1)
        verb, changed = app.fakes[0].asked[-1]
        assert verb == "step"
        assert isinstance(changed, Request)
        assert changed.headers == (Field("X-Test", "1", "added by hand"),)
        assert changed.url == request.url


async def test_the_authorization_request_is_changed_at_the_gate_and_the_run_goes_on() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("E")
        await settled(pilot, lambda: isinstance(app.screen, EditScreen))
        rows = app.screen.query_one("#rows", OptionList)
        assert "why" not in str(rows.options[0].prompt)
        await pilot.press(*["down"] * 4, "enter")
        await settled(pilot, lambda: app.screen.query_one("#edit").display)
        app.screen.query_one("#edit", Input).value = "files:write"
        await pilot.press("enter")
        await settled(pilot, lambda: not app.screen.query_one("#edit").display)
        await pilot.press("s")
        await settled(pilot, lambda: app.main.state.signing_in)
        stepped = [item[1] for item in app.fakes[0].asked if item[0] == "step" and len(item) == 2]
        assert isinstance(stepped[0], Attempt)
        assert "files%3Awrite" in stepped[0].url


async def test_leaving_the_editor_sends_nothing() -> None:
    app = app_of(fakes.signed_in(), stepping=True)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.driver.session.ready is not None)
        await pilot.press("E")
        await settled(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press("escape")
        await settled(pilot, lambda: not isinstance(app.screen, EditScreen))
        assert app.fakes[0].asked == [("run", fakes.Stage.PROBE)]
        assert app.driver.session.ready is not None
