"""Knows how a run is told line by line to a person; must not know where the lines go.

Every line is harmless and without credentials (SPEC 6), but for the authorization URL, which is
there to be opened and stands alone and whole on its line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from mcp_auth_tui import __version__, model
from mcp_auth_tui.model.oauth import Attempt, DeviceCode, StoredHeader
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.render.summary import GLYPHS, counted, elsewhere, learned, offered, worth
from mcp_auth_tui.render.verdict import verdict
from mcp_auth_tui.text import terminal, units

HEADINGS = {
    model.Stage.PROBE: "1 Metadata: the MCP server is asked",
    model.Stage.RESOURCE: "1 Metadata: the protected resource",
    model.Stage.SERVER: "1 Metadata: the authorization server",
    model.Stage.REGISTER: "2 Registration: the client",
    model.Stage.AUTHORIZE: "3 Browser: the sign-in",
    model.Stage.TOKEN: "4 Token: the code is exchanged",
    model.Stage.VERIFY: "5 Headers: the token is tried",
}
STATUS_GLYPHS = {
    model.Status.DONE: "✓",
    model.Status.WARNED: "!",
    model.Status.FAILED: "✗",
    model.Status.CANCELLED: "■",
    model.Status.KEPT: "✓",
    model.Status.SKIPPED: "-",
}
MEANINGS = {
    0: "the headers were obtained and accepted",
    1: "the flow failed",
    2: "wrong usage",
    3: "a person is needed and there is none",
    4: "refused for safety",
    5: "the network failed",
    130: "interrupted",
}
_RED, _GREEN, _YELLOW, _BOLD, _PLAIN = "31", "32", "33", "1", ""
_COLOURS = {
    model.Level.FATAL: _RED,
    model.Level.ERROR: _RED,
    model.Level.WARNING: _YELLOW,
    model.Level.INFO: _PLAIN,
    model.Level.OK: _GREEN,
}
_STATUS_COLOURS = {
    model.Status.DONE: _GREEN,
    model.Status.WARNED: _YELLOW,
    model.Status.FAILED: _RED,
    model.Status.CANCELLED: _YELLOW,
}
# Characters in a line: a server may name 60,000 tools. The address to sign in at is never cut.
_LONGEST = 4000


class Plain:
    """Tells a run: give it every event and the session after it."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        colour: bool = False,
        pastes: bool = False,
        marks: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        destination: str = "stdout",
        pictures: tuple[int, int] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take how to write a line, and what the person should know.

        ``pastes``: a line typed now reaches the run. ``destination`` names where headers go.
        ``pictures``: columns and lines of the terminal, where a QR code can be shown.
        """
        self._write = write
        self._colour = colour
        self._pastes = pastes
        self._marks = marks
        self._notes = notes
        self._destination = destination
        self._pictures = pictures
        self._now = now
        self._session = model.Session()
        self._told: set[model.Finding] = set()
        self._known: dict[str, list[str]] = {}
        self._noted: set[str] = set()
        self._invited = False
        self._kept = 0

    def show(self, event: model.Event, session: model.Session) -> None:
        """Write the lines for one event."""
        self._session = session
        match event:
            case model.Started():
                self._start(event)
            case model.Entered():
                self._blank()
                self._line(HEADINGS[event.stage], _BOLD)
            case model.Left():
                self._left(event)
            case model.Exchanged():
                self._exchange(event.exchange)
            case model.Finding(level=model.Level.OK):
                self._kept += 1
            case model.Finding():
                if event.level is not model.Level.FATAL or not self._said(event):
                    self.finding(event)
            case model.Tried():
                self._line(f"  {event.what}, {event.verdict}: {event.url} ({event.why})")
            case model.Learned(value=Attempt() as attempt):
                self._consent(attempt)
            case model.Learned(value=DeviceCode() as code):
                self._device(code)
            case model.Learned(value=StoredHeader() as header):
                self._line(f"  {offered(header, self._now())} {self._again()}")
            case model.Learned():
                self._learned(event)
            case _:
                self._show_person(event)

    def _show_person(self, event: model.Event) -> None:
        match event:
            case model.Slip():
                self._slip(event.finding)
            case model.Browsed():
                self._browsed(event)
            case model.Waiting():
                self._waiting(event)
            case model.Resumed():
                self._line(f"  The wait is over: {event.how}")
            case model.Ready():
                self._ready(event.request)
            case model.Remark():
                self._line(f"  {event.text}")
            case model.Ended():
                self._end(event)

    def say(self, sentence: str) -> None:
        """Write one line that is no event."""
        self._line(sentence)

    def finding(self, finding: model.Finding) -> None:
        """Write a finding; an error with all that helps to mend it."""
        self._told.add(finding)
        mark = self._paint(f"{GLYPHS[finding.level]} {finding.level}", _COLOURS[finding.level])
        self._write(f"  {mark}: {self._safe(finding.message)} [{self._safe(finding.id)}]")
        if finding.level.rank <= model.Level.ERROR.rank:
            self._details(finding)
        weighs = finding.level.rank <= model.Level.WARNING.rank
        if weighs and (way := known_way(self._session, finding)):
            self._pairs(way.details)

    def _slip(self, wrong: model.Finding) -> None:
        mark = self._paint(GLYPHS[model.Level.WARNING], _YELLOW)
        self._write(f"  {mark} {self._safe(wrong.message)} [{self._safe(wrong.id)}]")
        if wrong.next:
            self._line(f"      next: {wrong.next}")

    def _said(self, stop: model.Finding) -> bool:
        """Return whether what ends the run was told in full already, before it was known to."""
        errors = (item for item in self._told if item.level.rank <= model.Level.ERROR.rank)
        return any(stop == item or stop.repeats(item) for item in errors)

    def _details(self, finding: model.Finding) -> None:
        self._pairs(
            (
                ("seen", finding.seen),
                ("expected", finding.expected),
                ("rule", finding.rule),
                ("to be mended by", finding.whose),
                ("next", finding.next),
                ("if it is not yours", finding.meanwhile),
            )
        )
        self._fix(finding)

    def _fix(self, finding: model.Finding) -> None:
        """Write what mends it: what of an answer has to change, with little around it."""
        from mcp_auth_tui.render.fix import fix_text, to_person  # not before something is wrong

        fix = fix_text(self._session, finding, to_person(self._session.redactor()))
        for line in fix.paragraph if fix is not None else ():
            self._line(f"      {line}")

    def _pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, value in pairs:
            head = f"{name}: "
            for line in value.splitlines():
                self._line(f"      {head}{line}")
                head = "  "

    def _start(self, event: model.Started) -> None:
        self._line(f"mcp-auth-tui {__version__}: {event.url}", _BOLD)
        for note in self._notes:
            self._line(f"  Note: {note}")
        self._banner()
        if event.known:
            self._line(f"  Taken over: {', '.join(name for name, _ in event.known)}")

    def _banner(self) -> None:
        for mark in self._marks:
            self._line(f"! MARKED RUN: {mark}", _YELLOW)

    def _learned(self, event: model.Learned) -> None:
        """Write what is new; a value that is learned again (a token: verified) tells no more."""
        lines = learned(event.name, event.value)
        if self._known.get(event.name) != lines:
            self._known[event.name] = lines
            for line in lines:
                self._line(f"  {line}")

    def _again(self) -> str:
        from shlex import quote

        return f"mcp-auth-tui headers {quote(self._session.url)} prints it."

    def _checked(self) -> None:
        """Write how many checks of a stage were kept: each by itself would bury what was not."""
        if self._kept:
            mark = self._paint(GLYPHS[model.Level.OK], _COLOURS[model.Level.OK])
            self._write(f"  {mark} {units.count(self._kept, 'check')} kept")
        self._kept = 0

    def _left(self, event: model.Left) -> None:
        self._checked()
        seconds = self._session.stages[event.stage].seconds
        glyph = STATUS_GLYPHS.get(event.status, "·")
        mark = self._paint(f"{glyph} {event.status}", _STATUS_COLOURS.get(event.status, _PLAIN))
        spent = f", {units.duration(seconds)}" if seconds else ""
        summary = f": {self._safe(event.summary)}" if event.summary else ""
        self._write(f"  {mark}{spent}{summary}")

    def _exchange(self, exchange: model.Exchange) -> None:
        request = exchange.request
        answer = str(exchange.status) if exchange.response else "no answer"
        parts = [f"{answer}, {units.duration(exchange.seconds)}", request.purpose]
        if exchange.failure:
            parts.insert(1, f"{exchange.failure.message} ({exchange.failure.kind})")
        if exchange.attempt > 1:
            parts.append(f"attempt {exchange.attempt}")
        if exchange.edited:
            parts.append("edited by hand")
        told = ", ".join(part for part in parts if part)
        self._line(f"  {exchange.number}. {request.method} {request.url}: {told}")

    def _consent(self, attempt: Attempt) -> None:
        """Say who will ask for what, before a browser opens (SPEC 6, consent phishing)."""
        session = self._session
        host = units.host_of(attempt.url)
        self._line(f"  Sign in at {host} to let mcp-auth-tui use {session.url}")
        if host != units.host_of(session.url):
            self._line("  That is not the MCP server's own address: make sure that you trust it.")
        scope = attempt.scope
        self._line(f"  Scopes asked for: {scope}" if scope else "  No scope is asked for.")
        self._line(f"  The browser comes back to {attempt.redirect_uri}")

    def _device(self, code: DeviceCode) -> None:
        """Show the code to type elsewhere: it, and the addresses, stand alone on their lines."""
        self._line("  Open this address in any browser, on any machine:")
        self._blank()
        self._write(terminal.harmless(code.verification_uri))
        self._blank()
        self._line("  and type this code there:")
        self._blank()
        self._write(f"    {terminal.one_line(code.user_code)}")
        self._blank()
        if code.complete:
            self._line("  Or open this one, which carries the code already:")
            self._blank()
            self._write(terminal.harmless(code.complete))
            self._blank()
            if self._pictures is not None:
                from mcp_auth_tui.desktop import qr

                for line in qr.lines(code.complete, *self._pictures):
                    self._write(line)
        self._line("  (Device authorization, RFC 8628; it is not part of MCP.)")

    def _browsed(self, event: model.Browsed) -> None:
        self._invited = False
        self._line("  The address to sign in at:")
        self._blank()
        # Whole, unwrapped, and with its state: it is for opening (SPEC 6 exempts nothing else).
        self._write(terminal.harmless(event.url))
        self._blank()
        if event.how:
            self._line(f"  {event.how}")
        if event.forward:
            self._line("  Is your browser on another machine? Then run there:")
            self._write(f"  {self._safe(event.forward)}")
        if event.note and (event.forward or event.note not in self._noted):
            self._noted.add(event.note)
            self._line(f"  {event.note}")

    def _waiting(self, event: model.Waiting) -> None:
        left = max(event.until - self._now(), 0.0)
        limit = f", {units.duration(round(left, 1))} at most" if left else ""
        self._line(f"  Waiting for {event.what}{limit}.")
        if event.question is not None:
            self._question(event.question)
        elif self._pastes and not self._invited:
            self._invited = True
            self._line(
                "  Or paste here the address that your browser ended on, even if it shows an"
                " error page there, and press Enter."
            )

    def _question(self, question: model.Question) -> None:
        self._line(f"  ? {question.prompt}")
        if question.detail:
            self._line(f"    {question.detail}")
        if question.choices:
            self._line(f"    one of: {', '.join(question.choices)}")
        if question.default is not None:
            self._line(f"    Enter alone: {question.default}")

    def _ready(self, request: model.Request | Attempt) -> None:
        if isinstance(request, model.Request):
            self._line(f"  Next: {request.method} {request.url}")
            shown = self._session.redactor().json(request.json or {})
            for field in (*request.headers, *(request.form or ()), *request.members(shown)):
                why = f" ({field.reason})" if field.reason else ""
                self._line(f"      {field.name}: {field.value}{why}")
        else:
            self._line("  Next: the sign-in in the browser")
        self._line("  Enter lets it go, r runs to the end, q ends the run.")

    def _end(self, event: model.Ended) -> None:
        session = self._session
        self._checked()
        if event.stop is not None and not self._said(event.stop):
            self.finding(event.stop)
        self._blank()
        meaning = MEANINGS.get(event.exit, "")
        if event.outcome is model.Outcome.OPEN:
            meaning = "the server asks for no authorization"
        elif event.outcome is model.Outcome.PROBED:
            meaning = "everything was tried, and what was issued for it ended"
        colour = _GREEN if event.exit == 0 else _RED
        self._line(f"Result: {event.outcome}, exit code {event.exit}: {meaning}", colour)
        self._banner()
        stop = f"{event.stop.id}: " if event.stop is not None else ""
        self._line(f"  {stop}{verdict(session).sentence}")
        self._line(f"  Findings: {counted(session)}")
        network = sum(exchange.seconds for exchange in session.exchanges)
        # A run that broke before it began has no start.
        began = session.started or session.ended
        whole = units.duration(max(session.ended - began, 0.0))
        asked = units.count(len(session.exchanges), "request")
        self._line(f"  Time: {whole}, of it {units.duration(network)} in {asked}")
        if session.headers:
            names = ", ".join(session.headers)
            tried = f"; {worth(session)}" if event.exit else ""
            self._line(f"  Headers: {names}, to {self._destination}{tried}")
        if event.stop is not None and event.stop.next:
            self._line(f"  Next: {event.stop.next}")
        if event.stop is not None and event.stop.meanwhile:
            self._line(f"  If it is not yours: {event.stop.meanwhile}")
        way = None if event.stop is None else known_way(session, event.stop)
        if way is not None and way.options:
            self._line(f"  It looks like {way.name} ({way.reason}). {way.through}")
        if further := elsewhere(session):
            self._line(f"  {further}")

    def _blank(self) -> None:
        self._write("")

    def _line(self, line: str, colour: str = _PLAIN) -> None:
        self._write(self._paint(self._safe(line), colour))

    def _safe(self, value: str) -> str:
        return terminal.one_line(self._session.redactor().text(value), _LONGEST)

    def _paint(self, value: str, colour: str) -> str:
        return f"\x1b[{colour}m{value}\x1b[0m" if self._colour and colour else value
