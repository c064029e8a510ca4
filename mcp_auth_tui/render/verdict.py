"""Knows what is true of a run now, who has to act and which key helps, in a sentence; no face."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.model import (
    CANCELLED,
    Finding,
    Level,
    Outcome,
    Request,
    Session,
    Stage,
    Status,
    Whose,
)
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.render.owner import host_of, owner
from mcp_auth_tui.text import units

_AT_WORK: Mapping[Stage, str] = {
    Stage.PROBE: "Asking the MCP server what it wants",
    Stage.RESOURCE: "Looking for the metadata of the MCP server",
    Stage.SERVER: "Looking for the metadata of the authorization server",
    Stage.REGISTER: "Getting a client",
    Stage.AUTHORIZE: "Preparing the sign-in",
    Stage.TOKEN: "Getting the token",
    Stage.VERIFY: "Using the token at the MCP server",
}
_NEW_URL = frozenset({"client-url", "net-dns", "rs-not-mcp", "rs-endpoint-http"})
_SETTINGS = frozenset({"client-port-busy", "client-key", "client-grant", "client-assertion"})
_ONCE_MORE = frozenset(
    {"authz-state", "authz-iss-absent", "authz-iss-differs", "token-error", "net-timeout"}
    | {"rs-fresh-token-refused"}
)
"""What may pass, as the advice of their rules says: first of all it is tried once more."""
_UNREACHED = frozenset({"net-connect", "net-dns", "net-tls", "net-timeout"})
"""What was seen says it all; the message names the request, too."""
_LONG = 70
"""Characters of a message from which on a part of it, or the headline of its rule, is shorter."""
_SENTENCE = 24
"""Characters of a part of a message that says something by itself."""
PROBE = "probe-"
"""How the ids of findings begin that a probe made."""
_SERVERS = (Whose.SERVER, Whose.ISSUER)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence about a run."""

    status: Status
    """Its weight: done, warned, failed, waiting for a person, running, or idle."""
    now: str
    """What is true; text of a server in it is as received."""
    who: str = ""
    """Who has to act, as a clause behind a colon."""
    action: str = ""
    """The name of the action on the screen that helps."""
    does: str = ""
    """What that action does, as a verb in the third person."""

    @property
    def sentence(self) -> str:
        """What is true and who has to act; without a key, which not every face has."""
        return f"{self.now}: {self.who}." if self.who else f"{self.now}."


def verdict(session: Session) -> Verdict:
    """Return the sentence that is true of a run as it stands; pure."""
    if not session.url and session.outcome is None:
        return Verdict(Status.IDLE, "Nothing ran yet", "", "run", "starts")
    if session.outcome is None:
        return _waiting(session) or _working(session)
    if session.stop is not None:
        return _stopped(session, session.stop)
    if session.outcome in (Outcome.OK, Outcome.OPEN):
        return _good(session)
    if session.outcome is Outcome.PROBED:
        return _probed(session)
    return _ended(session)


def _ended(session: Session) -> Verdict:
    """Return what is true of a run that the person ended: no failure of anybody."""
    again = ("run_again", "runs again from here") if session.contact else ("run", "runs it again")
    told = _counted(session)
    who = f"{told} before that" if told else ""
    return Verdict(Status.CANCELLED, f"You cancelled the run{_at(session)}", who, *again)


def _at(session: Session) -> str:
    pending = next((item for item in reversed(session.exchanges) if item.failure), None)
    if pending is None or pending.failure is None or pending.failure.kind != CANCELLED:
        return ""
    return f" while exchange {pending.number} had no answer"


def _waiting(session: Session) -> Verdict | None:
    """Return what the run waits for a person for; None where it waits for nobody."""
    ready = session.ready
    if isinstance(ready, Request):
        now = f"Request {session.upcoming} waits for you"
        return Verdict(Status.WAITING, now, "", "step", "sends it")
    if ready is not None:
        now = f"{units.host_of(ready.authorization_endpoint)} wants you to sign in"
        return Verdict(Status.WAITING, now, "the run waits for you", "open_browser", "opens it")
    waiting = session.waiting
    if waiting is None:
        return None
    if waiting.question is not None:
        return Verdict(
            Status.WAITING, waiting.question.prompt.rstrip(".?:"), "the run waits for you"
        )
    if session.device is not None and session.browsed is None:
        host = units.host_of(session.device.verification_uri)
        now = f"Type the code {session.device.user_code} at {host}"
        return Verdict(Status.WAITING, now, "the run waits for you", "copy", "copies it")
    if session.slip is not None:
        # Which it was and what to do stands where it was pasted.
        now = "What was pasted is no answer"
        return Verdict(Status.WAITING, now, "the run still waits for you", "paste", "tries again")
    host = units.host_of(session.browsed.url) if session.browsed else "the authorization server"
    now = f"Sign in at {host} in your browser"
    return Verdict(Status.WAITING, now, "the run waits for you", "paste", "takes its last address")


def _working(session: Session) -> Verdict:
    if session.sending is not None:
        return Verdict(Status.RUNNING, f"Request {session.upcoming} is on its way")
    begun = (stage for stage in reversed(Stage) if session.stages[stage].status is not Status.IDLE)
    now = _AT_WORK[session.current or next(begun, Stage.PROBE)]
    return Verdict(Status.RUNNING, now, "", "back", "cancels")


def _good(session: Session) -> Verdict:
    host = units.host_of(session.url)
    if session.outcome is Outcome.OPEN:
        now, action, does = f"{host} asks for no authorization, no header is needed", "", ""
    elif session.token is not None:
        used = session.token.verified or session.stages[Stage.VERIFY].status is Status.DONE
        tried = "Header accepted" if used else "Header obtained, and not tried"
        now, action, does = tried, "copy", "copies it"
    else:
        now, action, does = _inspected(session), "", ""
    if not (told := _counted(session)):
        return Verdict(Status.DONE, now, "", action, does)
    worst = min(session.findings, key=lambda item: item.level.rank)
    theirs = worst.whose in _SERVERS and worst.level.rank <= Level.ERROR.rank
    whose = f" (the {worst.whose} has to mend it)" if theirs else ""
    who = f"{told} on the way, {_headline(worst)}{whose}"
    return Verdict(Status.WARNED, now, who, "findings", "lists them")


def _inspected(session: Session) -> str:
    """Return what is true of a run that signed in nowhere: an inspection."""
    if any(item.id == "as-legacy-paths" for item in session.findings):
        return "There is no metadata, and whether the default paths work was not tried"
    return "Nothing that stops a client was found"


def _probed(session: Session) -> Verdict:
    """Return what came of a run that tried what should be refused."""
    results = [item for item in session.findings if item.id.startswith(PROBE)]
    failed = sum(item.level.rank <= Level.WARNING.rank for item in results)
    now = f"{units.count(len(results), 'probe')} tried, and what was issued for them ended"
    who = f"{failed} failed" if failed else "none failed"
    status = Status.WARNED if failed else Status.DONE
    return Verdict(status, now, who, "probes", "lists them")


def _counted(session: Session) -> str:
    """Return how many errors and warnings there are; empty where there are none."""
    counts = session.counts()
    errors, warnings = counts[Level.FATAL] + counts[Level.ERROR], counts[Level.WARNING]
    weights = ((errors, "error"), (warnings, "warning"))
    return " and ".join(units.count(number, noun) for number, noun in weights if number)


def _headline(finding: Finding) -> str:
    """Return what is wrong, as a clause in a sentence of ours."""
    text = finding.message.rstrip(".")
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first.istitle() and "." not in first else text


def _short(stop: Finding) -> str:
    """Return what stopped a run in a few words.

    Of a long message that is its first part, which names the cause, or the headline of its rule.
    """
    if stop.id in _UNREACHED and 0 < len(stop.seen) <= _LONG:
        return stop.seen.rstrip(".")
    if len(stop.message) > _LONG:
        first = min((stop.message.partition(mark)[0] for mark in (". ", ": ")), key=len)
        if _SENTENCE <= len(first) <= _LONG:
            return first
        from mcp_auth_tui.findings import CATALOGUE  # not before something went wrong

        if (rule := CATALOGUE.get(stop.id)) is not None and len(rule.headline) < len(stop.message):
            return rule.headline.rstrip(".")
    return stop.message.rstrip(".")


def _stopped(session: Session, stop: Finding) -> Verdict:
    now, again = _short(stop), "runs it again"
    name = owner(session, stop)
    if not name:
        return Verdict(Status.FAILED, now, "it is your turn", "run_again", "asks again")
    if stop.id == "net-rate-limited":
        return Verdict(
            Status.FAILED, now, "nothing has to be mended, only waited for", "run", again
        )
    if stop.id in _NEW_URL and name.startswith("you"):
        return Verdict(Status.FAILED, now, f"{name} can mend it", "url", "takes another URL")
    if stop.whose in _SERVERS:
        article = "" if host_of(session, stop) else "the "
        who = f"{article}{name} has to mend it"
        if stop.id in _ONCE_MORE:
            late = stop.stage in (Stage.AUTHORIZE, Stage.TOKEN, Stage.VERIFY)
            action = "run_again" if late else "run"
            return Verdict(Status.FAILED, now, who, action, "tries once more")
        return Verdict(Status.FAILED, now, who, "export", "saves a report for its owner")
    if stop.id == "client-bug":
        return Verdict(Status.FAILED, now, f"a fault of {name}", "export", "saves a report")
    action, does = "run", again
    if stop.id in _SETTINGS or "--" in stop.next:
        action, does = "settings", "changes the settings"
    return Verdict(Status.FAILED, now, f"{name} can mend it", action, does)
