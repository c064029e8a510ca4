"""Knows how a network error reads to a person; must not know how a request is made."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator

import httpcore

from mcp_auth_tui import text
from mcp_auth_tui.model import Failure, Kind

HEAD_LIMIT = 32 * 1024
BODY_LIMITS = {
    Kind.METADATA: 256 * 1024,
    Kind.TOKEN: 64 * 1024,
    Kind.PAGE: 1024 * 1024,
    Kind.MCP: 4 * 1024 * 1024,
}
_BODY_NAMES = {
    Kind.METADATA: "a metadata document",
    Kind.TOKEN: "an answer of a token or registration endpoint",
    Kind.PAGE: "a page",
    Kind.MCP: "an MCP answer",
}

# OpenSSL's X509_V_ERR_* numbers; its own words for them need a book.
_CERTIFICATE = {
    9: "its certificate is not valid yet (is this machine's clock right?)",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate chain ends in a self-signed certificate that this machine does not trust",
    20: "its certificate was issued by a CA that this machine does not trust, "
    "or the server leaves out the intermediate certificate",
    21: "its certificate could not be checked: the server leaves out the intermediate certificate",
    23: "its certificate was revoked",
    62: "its certificate is for another host name",
    64: "its certificate is for another IP address",
}
_TLS = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS on this port (plain HTTP?)",
    "HTTP_REQUEST": "it does not speak TLS on this port (plain HTTP?)",
    "UNSUPPORTED_PROTOCOL": "it offers only versions of TLS below 1.2",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it offers no version of TLS that this program accepts",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the two sides have no TLS settings in common",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it demands a client certificate",
    "TLSV1_UNRECOGNIZED_NAME": "it does not know this host name",
}
_CONNECT = {
    errno.ECONNREFUSED: "refused the connection (nothing listens there)",
    errno.ECONNRESET: "reset the connection",
    errno.EHOSTUNREACH: "cannot be reached (no route to the host)",
    errno.ENETUNREACH: "cannot be reached (no route to the network)",
    errno.ETIMEDOUT: "did not answer",
    errno.EADDRNOTAVAIL: "cannot be reached from this machine (no such address family)",
}


def failure(error: Exception, where: str, phase: str, timeout: float) -> Failure:
    """Turn what httpcore raised into a failure; ``where`` is host and port.

    ``phase`` is ``connect``, ``tls``, ``wait`` or ``read``; ``timeout`` is in seconds.
    """
    if isinstance(error, httpcore.TimeoutException):
        return late(where, phase, timeout)
    if isinstance(error, httpcore.ProxyError):
        reason = text.one_line(str(error))
        return Failure("net-connect", f"The proxy refused to connect to {where}: {reason}.")
    if phase == "tls":
        return Failure("net-tls", f"No secure connection to {where}: {_tls(error)}.")
    if phase == "connect":
        return Failure("net-connect", f"{where} {_connect(error)}.")
    if "Receive buffer too long" in str(error):
        return head_too_large(where)
    return Failure("net-connect", f"{where} {_broken(error, phase)}.")


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
    return Failure(_kind(phase), said[phase])


def late_in_total(where: str, phase: str, seconds: float) -> Failure:
    """Say that the whole exchange took longer than its limit (seconds)."""
    at = {"connect": "connecting", "tls": "the TLS handshake", "wait": "waiting for the answer"}
    doing = at.get(phase, "reading the answer")
    return Failure(
        _kind(phase),
        f"The request to {where} was given up after {seconds:g} s in all, while {doing}.",
    )


def _kind(phase: str) -> str:
    return "net-slow" if phase == "read" else "net-timeout"


def head_too_large(where: str) -> Failure:
    """Say that the header fields of an answer are over the limit."""
    return Failure(
        "net-oversize",
        f"{where} answered with header fields of more than {HEAD_LIMIT // 1024} KB, the limit.",
    )


def body_too_large(where: str, kind: Kind) -> Failure:
    """Say that a body is over the limit of its kind."""
    limit = BODY_LIMITS[kind] // 1024
    size = f"{limit} KB" if limit < 1024 else f"{limit // 1024} MB"
    return Failure(
        "net-oversize", f"{where} sent more than {size}, the limit for {_BODY_NAMES[kind]}."
    )


def bad_encoding(where: str, encoding: str) -> Failure:
    """Say that a body cannot be decoded."""
    return Failure(
        "net-connect",
        f"{where} sent a body whose content encoding "
        f"{text.one_line(encoding, 40)!r} is unknown or broken (none was asked for).",
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


def _tls(error: Exception) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            code = getattr(cause, "verify_code", 0)
            known = text.one_line(str(getattr(cause, "verify_message", "") or cause))
            return _CERTIFICATE.get(code, f"its certificate was not accepted: {known}")
        if isinstance(cause, ssl.SSLEOFError):
            break
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or str(cause)
            return _TLS.get(reason, f"the TLS handshake failed ({text.one_line(reason)})")
    return "it closed the connection during the TLS handshake"


def _connect(error: Exception) -> str:
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in _CONNECT:
            return _CONNECT[cause.errno]
    last = list(_causes(error))[-1]
    return f"cannot be connected to: {text.one_line(str(last) or type(last).__name__)}"


def _broken(error: Exception, phase: str) -> str:
    if isinstance(error, httpcore.RemoteProtocolError) and "disconnected" not in str(error):
        if phase == "read":
            return "broke off in the middle of its answer"
        return f"did not answer in HTTP: {text.one_line(str(error))}"
    if phase == "read":
        return "broke off in the middle of its answer"
    return "closed the connection without an answer"
