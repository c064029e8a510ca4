"""Knows how a network error reads to a person; must not know how a request is made."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import httpx

from mcp_auth_tui.model import Failure, Whose
from mcp_auth_tui.net import limits
from mcp_auth_tui.net.connection import NotHttp
from mcp_auth_tui.text import terminal
from mcp_auth_tui.text.patterns import pattern

_NO_ZONE = (
    "cannot be reached (a link-local address is one of many networks, and no URL can say which: use"
    " a name or another address)"
)
_FORBIDDEN = (
    "cannot be reached: this machine forbids it (a firewall, or a sandbox around this program)"
)
_CONNECT = {
    errno.ECONNREFUSED: "refused the connection (nothing listens there)",
    errno.ECONNRESET: "reset the connection",
    errno.EHOSTUNREACH: "cannot be reached (no route to the host)",
    errno.ENETUNREACH: "cannot be reached (no route to the network)",
    errno.ETIMEDOUT: "did not answer",
    errno.EADDRNOTAVAIL: "cannot be reached from this machine (no such address family)",
    errno.EAFNOSUPPORT: "cannot be reached from this machine (no such address family)",
    errno.EINVAL: _NO_ZONE,
    errno.EPERM: _FORBIDDEN,
    errno.EACCES: _FORBIDDEN,
    socket.EAI_NONAME: "could not be found: no such host",
}

_WINDOWS = {
    121: errno.ETIMEDOUT,
    1225: errno.ECONNREFUSED,
    1231: errno.ENETUNREACH,
    1232: errno.EHOSTUNREACH,
}
"""What its event loop raises, whose `errno` is EINVAL for all of them."""

_NOT_THERE = {
    errno.ECONNREFUSED: (Whose.SERVER, "Start the server, or correct the port in the URL."),
    errno.ECONNRESET: (Whose.SERVER, ""),
    errno.ETIMEDOUT: (Whose.BETWEEN, ""),
}
"""Who has to act where a connection is not made, and how; the others are the person's network."""


def failure(error: Exception, where: str, phase: str, timeout: float, proxy: str = "") -> Failure:
    """Turn what httpx raised into a failure; ``where`` is host and port.

    ``phase`` is ``connect``, ``tls``, ``wait`` or ``read``; ``timeout`` is in seconds. ``proxy`` is
    the URL of the proxy where the exchange came no further.
    """
    if isinstance(error, httpx.ProxyError):
        return _refused_by_proxy(error, where)
    if proxy:
        return _of_proxy(failure(error, f"the proxy {proxy}", phase, timeout))
    if isinstance(error, httpx.TimeoutException):
        return late(where, phase, timeout)
    if phase == "tls" or _alerted(error):
        told, next, whose = _tls(error)
        return Failure("net-tls", f"No secure connection to {where}: {told}.", next, whose)
    if phase == "connect":
        return _unconnected(error, where)
    if "Receive buffer too long" in str(error):
        return limits.head_too_large(where)
    return _broken(error, where, phase)


def _refused_by_proxy(error: httpx.ProxyError, where: str) -> Failure:
    reason = terminal.one_line(str(error))
    next = "Ask for leave at the proxy, or go past it (--proxy, NO_PROXY)."
    if reason.startswith("407"):
        next = "Give the proxy a user name and password: --proxy http://NAME:PASSWORD@HOST:PORT."
    told = f"The proxy refused to connect to {where}: {reason}."
    return Failure("net-connect", told, next, Whose.BETWEEN)


_MEND_PROXY = (
    "Start or mend the proxy, or correct its address (--proxy, HTTPS_PROXY); NO_PROXY goes past it."
)


def _of_proxy(failure: Failure) -> Failure:
    """Return a failure of the proxy; what its certificate lacks is mended as a server's is."""
    message = re.sub("^the proxy", "The proxy", failure.message)
    if failure.kind == "net-tls" and not failure.next:
        whose = Whose.BETWEEN if failure.whose is Whose.SERVER else failure.whose
        return replace(failure, message=message, whose=whose)
    return replace(failure, message=message, next=_MEND_PROXY, whose=Whose.BETWEEN)


def late(where: str, phase: str, seconds: float) -> Failure:
    """Say that one part of an exchange took longer than its limit (seconds).

    No answer is one thing (``net-timeout``), an answer without an end another (``net-slow``).
    """
    limit = f"{seconds:g} s"
    said = {
        "connect": f"No connection to {where} within {limit}.",
        "tls": f"No secure connection to {where} within {limit}: the TLS handshake hung.",
        "wait": f"{where} took the request, but did not answer within {limit}.",
        "read": f"{where} began to answer, then sent nothing more for {limit}.",
    }
    next = _NO_TLS if phase == "tls" else ""
    return Failure(_kind(phase), said[phase], next, _owner(phase))


_NO_TLS = (
    "Check that this port speaks TLS: one of plain HTTP may wait for more, and wants http://. Else"
    " something before the server holds the connection."
)


def late_in_total(where: str, phase: str, seconds: float, proxy: str = "") -> Failure:
    """Say that the whole exchange took longer than its limit (seconds); ``proxy`` as above."""
    if proxy:
        return _of_proxy(late_in_total(f"the proxy {proxy}", phase, seconds))
    at = {"connect": "connecting", "tls": "the TLS handshake", "wait": "waiting for the answer"}
    doing = at.get(phase, "reading the answer")
    return Failure(
        _kind(phase),
        f"The request to {where} was given up after {seconds:g} s in all, while {doing}.",
        whose=_owner(phase),
    )


def _kind(phase: str) -> str:
    return "net-slow" if phase == "read" else "net-timeout"


def _owner(phase: str) -> Whose:
    """Return who keeps a request waiting: who took it, or what lets nobody through to the server.

    A server that does not run refuses; a connection that hangs is held up on the way to it.
    """
    return Whose.BETWEEN if phase in ("connect", "tls") else Whose.SERVER


def bad_encoding(where: str, encoding: str) -> Failure:
    """Say that a body cannot be decoded."""
    return Failure(
        "net-connect",
        f"{where} sent a body whose content encoding "
        f"{terminal.one_line(encoding, 40)!r} is unknown or broken (none was asked for).",
        "Send the body without Content-Encoding, as the request asks.",
        Whose.SERVER,
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending = [error]
    while pending:
        item = pending.pop(0)
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        # httpcore's pool drops the cause, but what an error was made of is its argument.
        made_of = (part for part in item.args if isinstance(part, BaseException))
        pending += [*made_of, item.__cause__, *getattr(item, "exceptions", ())]


_OURS = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_ALERT_ACCESS_DENIED",
    }
)
"""The URL says https where nothing speaks TLS, or the client certificate is not accepted."""
_DISTRUSTED = frozenset({"9", "18", "19", "20"})
"""The certificate may be good: it is this machine that does not know who issued it, or the time."""


def _tls(error: Exception) -> tuple[str, str, Whose]:
    """Return what went wrong, what is to be done where the rule does not say it, and by whom."""
    words = _tls_words()
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            code = str(getattr(cause, "verify_code", 0))
            known = terminal.one_line(str(getattr(cause, "verify_message", "") or cause))
            told = words["certificate"].get(code, f"its certificate was not accepted: {known}")
            return told, "", Whose.CLIENT if code in _DISTRUSTED else Whose.SERVER
        if isinstance(cause, ssl.SSLEOFError):
            break
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or str(cause)
            failed = f"the TLS handshake failed ({terminal.one_line(reason)})"
            told = words["handshake"].get(reason, failed)
            whose = Whose.CLIENT if reason in _OURS or "CERTIFICATE" in reason else Whose.SERVER
            return told, words["next"].get(reason, ""), whose
    return (
        "it closed the connection during the TLS handshake",
        "Check that this port speaks TLS, and look in the log of the server or the proxy before"
        " it for why it hung up.",
        Whose.SERVER,
    )


def _alerted(error: Exception) -> bool:
    """Return whether the other side ended TLS for a reason, as TLS 1.3 does after the handshake."""
    return any("ALERT" in (getattr(cause, "reason", None) or "") for cause in _causes(error))


@cache
def _tls_words() -> dict[str, dict[str, str]]:
    import tomllib  # not with the module: most runs have no trouble with TLS

    return tomllib.loads(Path(__file__).with_name("tls.toml").read_text(encoding="utf-8"))


def number_of(error: OSError) -> int:
    """Return the `errno` of what the system refused; 0 where it has none."""
    return _WINDOWS.get(getattr(error, "winerror", 0), error.errno or 0)


def _unconnected(error: Exception, where: str) -> Failure:
    """Say why there is no connection: nobody listens, or nobody gets there from here."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and (number := number_of(cause)) in _CONNECT:
            whose, next = _NOT_THERE.get(number, (Whose.NETWORK, ""))
            return Failure("net-connect", f"{where} {_CONNECT[number]}.", next, whose)
    last = list(_causes(error))[-1]
    reason = terminal.one_line(str(last) or type(last).__name__)
    return Failure("net-connect", f"{where} cannot be connected to: {reason}.")


_HUNG_UP = (
    "Look in the log of the server, or of the proxy before it, for why it ended the connection."
)
_WRONG_PORT = "Check that the port is the one of the HTTP server, and whether a proxy is before it."
_SWITCH = "status 101, a switch to another protocol that nobody asked for"
_ILLEGAL_LINE = pattern(r"bytearray\(b(.*)\)\Z", re.S)
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""How an alert and a handshake begin (RFC 8446 §5.1)."""


def _broken(error: Exception, where: str, phase: str) -> Failure:
    """Say what became of a request that was sent, and what can be done."""
    said = _ILLEGAL_LINE.sub(r"\1", str(error))  # h11 quotes a line as Python writes it
    told, next, whose = "closed the connection without an answer", _HUNG_UP, Whose.SERVER
    if isinstance(error, NotHttp):
        if error.octets.startswith(_TLS_RECORDS):
            told, whose = "speaks TLS on this port, and was asked without", Whose.CLIENT
            next = "Try the same URL with https://."
        else:
            line = error.octets.partition(b"\n")[0].strip().decode("latin-1")
            told = f"did not answer in HTTP/1.1: what it sent begins '{terminal.one_line(line)}'"
            next = _WRONG_PORT
    elif isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in said:
        if "status line" in said or "request line" in said:
            told, next = f"did not answer in HTTP/1.1: {terminal.one_line(said)}", _WRONG_PORT
        elif "peer closed" in said:
            _, sign, detail = said.partition("(")
            told = f"broke off in the middle of its answer {sign}{detail}".strip()
        else:
            said = _SWITCH if "_SWITCH_UPGRADE" in said else terminal.one_line(said)
            told = f"sent an answer that breaks HTTP/1.1: {said}"
            next = "Mend it at the server, or the proxy before it: curl -v shows the answer."
    elif phase == "read":
        told = "broke off in the middle of its answer"
    return Failure("net-connect", f"{where} {told}.", next, whose)
