"""Knows one request as commands and code that send it; must not know what the request is for.

A name stands in the place of each credential (``<name>``), for the person to put it in: nothing
secret is in what is returned.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from urllib.parse import quote_plus

from mcp_auth_tui.model import Request, Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import terminal

Pairs = list[tuple[str, str]]
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class RequestForm:
    """One way to send a request again elsewhere."""

    title: str
    sentence: str
    render: Callable[[Session, Request], str]


def curl(session: Session, request: Request) -> str:
    """Return a shell command for curl."""
    words = ["curl"]
    if request.method != ("POST" if request.form is not None or request.json else "GET"):
        words += ["--request", request.method]
    redactor = session.redactor(named=True)
    words.append(redactor.url(request.url))
    for name, value in redactor.fields(request.headers):
        words += ["--header", f"{name}: {value}"]
    for name, value in redactor.fields(request.form or ()):
        words += ["--data-urlencode", f"{name}={value}"]
    if request.json is not None:
        words += ["--data-raw", json.dumps(redactor.json(request.json), ensure_ascii=False)]
    return _command(words)


def httpie(session: Session, request: Request) -> str:
    """Return a shell command for HTTPie: its body as it was sent, which no item syntax reads."""
    redactor = session.redactor(named=True)
    headers = redactor.fields(request.headers)
    body = ""
    if request.form is not None:
        # What stands for a credential stays as it is; put in its place, it is to be encoded.
        pairs = redactor.fields(request.form)
        body = "&".join(f"{quote_plus(name)}={_encoded(value)}" for name, value in pairs)
        headers = _typed(headers, _FORM)
    elif request.json is not None:
        body = json.dumps(redactor.json(request.json), ensure_ascii=False)
        headers = _typed(headers, "application/json")
    words = ["http", "--ignore-stdin", *(["--raw", body] if body else [])]
    words += [request.method, redactor.url(request.url)]
    return _command([*words, *(_item(name, value) for name, value in headers)])


def httpx(session: Session, request: Request) -> str:
    """Return Python code for the library httpx."""
    redactor = session.redactor(named=True)
    arguments = [repr(request.method), repr(redactor.url(request.url))]
    if headers := redactor.fields(request.headers):
        arguments.append(f"headers={_literal(headers)}")
    if request.form is not None:
        arguments.append(f"data={_fields(redactor.fields(request.form))}")
    elif request.json is not None:
        arguments.append(f"json={redactor.json(request.json)!r}")
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return (
        f"import httpx\n\nresponse = httpx.request(\n{lines})\n"
        "print(response.status_code)\nprint(response.text)\n"
    )


REQUEST_FORMS: Mapping[str, RequestForm] = MappingProxyType(
    {
        "curl": RequestForm("curl", "a shell command", curl),
        "httpie": RequestForm("HTTPie", "a shell command for http", httpie),
        "httpx": RequestForm("Python httpx", "a piece of code", httpx),
    }
)


def _command(words: Iterable[str]) -> str:
    """Return a command broken behind each value, so that a long one can be read."""
    # No control reaches a terminal, and nothing is expanded by a shell.
    first, *others = [shlex.quote(terminal.one_line(word, None)) for word in words]
    made, flag = first, False
    for word in others:
        made += f" {word}" if flag else f" \\\n  {word}"
        flag = word.startswith("--") and word != "--ignore-stdin"
    return f"{made}\n"


def _typed(headers: Pairs, kind: str) -> Pairs:
    named = any(name.lower() == "content-type" for name, _ in headers)
    return headers if named else [*headers, ("Content-Type", kind)]


def _encoded(value: str) -> str:
    placed = value.startswith("<") and value.endswith(">")
    return value if placed else quote_plus(value)


def _item(name: str, value: str) -> str:
    """Return a header field as HTTPie reads it: one that is empty, or begins with a separator."""
    if not value:
        return f"{name};"
    return f"{name}:\\{value}" if value[0] in "=@:" else f"{name}:{value}"


def _literal(pairs: Pairs) -> str:
    """Return a mapping, or a list where a name is there more than once."""
    single = len({name.lower() for name, _ in pairs}) == len(pairs)
    return repr(dict(pairs)) if single else repr(pairs)


def _fields(pairs: Pairs) -> str:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return repr({name: item if len(item) > 1 else item[0] for name, item in values.items()})
