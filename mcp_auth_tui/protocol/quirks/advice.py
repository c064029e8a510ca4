"""Knows what a finding means at a known provider, and which options get a person through.

Nothing is changed by it: it is told beside the finding, and a person runs again or does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mcp_auth_tui.model import Finding, Session
from mcp_auth_tui.protocol.quirks.recognition import host_in, recognise
from mcp_auth_tui.protocol.quirks.table import Provider, Way
from mcp_auth_tui.protocol.urls import is_url, origin_text
from mcp_auth_tui.records import dataclass

# Words of an option that a run fills; others in capitals are for a person.
_WORD = re.compile(r"\b[A-Z]{2,}(?:-[A-Z]+)*\b")
# What of a server may be put into a command line for somebody to copy: a URI of characters that
# no shell acts on, in double quotes at the most.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?@=+,-]{1,400}\Z")
_BARE = re.compile(r"[A-Za-z0-9._:/@=+,-]+\Z")
_TYPED = "as asked by"


@dataclass(frozen=True, slots=True)
class OptionWord:
    """One option of a command line: ``value`` is None for a flag."""

    flag: str
    value: str | None = None
    blank: str = ""
    """The word of the value that a person has to fill in; empty where nothing is left open."""

    @property
    def name(self) -> str:
        """What the option is called where it is parsed."""
        return self.flag.lstrip("-").replace("-", "_")

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a command line."""
        return (self.flag,) if self.value is None else (self.flag, self.value)


@dataclass(frozen=True, slots=True)
class KnownWay:
    """A finding that is a provider's known way: what it means there, and the way through."""

    provider: str
    """The id of the row."""
    name: str
    reason: str
    """Why the provider is thought to be this one."""
    means: str
    options: tuple[OptionWord, ...]
    """What to run again with; empty where no option gets a person through."""
    console: str
    """Where a person makes a client there; empty where none has to be made."""
    source: str

    @property
    def command(self) -> str:
        """The options as every shell reads them."""
        words = (word for option in self.options for word in option.words)
        return " ".join(word if _BARE.match(word) else f'"{word}"' for word in words)

    @property
    def through(self) -> str:
        """The way through as a sentence that ends with the options; empty where none is one."""
        if not self.options:
            return ""
        return f"{self.console} Run it with {self.command}".lstrip()

    @property
    def members(self) -> dict[str, Any]:
        """All of it as members of a JSON object."""
        return {
            "id": self.provider,
            "name": self.name,
            "reason": self.reason,
            "means": self.means,
            "options": [word for option in self.options for word in option.words],
            "blanks": [option.blank for option in self.options if option.blank],
            "console": self.console,
            "source": self.source,
        }

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """Label and value of all of it, the guess first; a value may be empty."""
        return (
            ("looks like", f"{self.name}: {self.reason}"),
            ("there", self.means),
            ("way through", self.through),
            ("known from", self.source),
        )


def advise(session: Session, finding: Finding) -> KnownWay | None:
    """Return what a finding means at the provider of a run; None where nothing is known."""
    guess = recognise(session)
    if guess is None:
        return None
    provider = guess.provider
    way = next((way for way in provider.ways if _about(way, provider, finding)), None)
    if way is None:
        return None
    options = tuple(
        option for option in _options_of(way, session, finding) if not _in_force(option, session)
    )
    client = any(option.flag == "--client-id" for option in options)
    return KnownWay(
        provider.id,
        provider.name,
        guess.reason,
        way.means,
        options,
        provider.console if client else "",
        way.source,
    )


def _about(way: Way, provider: Provider, finding: Finding) -> bool:
    if finding.id not in way.findings or (way.seen and not way.seen.search(finding.seen)):
        return False
    return not way.here or _one_place(provider, finding)


def _one_place(provider: Provider, finding: Finding) -> bool:
    """Return whether the two issuers of a finding belong together, whoever may claim to be whom."""
    seen, expected = host_in(finding.seen), host_in(finding.expected)
    both = provider.owns(seen) and provider.owns(expected)
    return bool(seen) and (both or seen == expected)


def _options_of(way: Way, session: Session, finding: Finding) -> Iterator[OptionWord]:
    """Yield the options of a way with what the run knows in the place of blanks."""
    resource = session.resource.identifier if session.resource else session.url
    known = {
        "RESOURCE": resource,
        "ORIGIN": origin_text(session.url) if is_url(session.url) else "",
        "NAMED": finding.seen,
    }
    known = {name: value for name, value in known.items() if _URI.match(value)}
    flag = ""
    for word in (*way.take, "--"):
        if not word.startswith("--"):
            blank = next((name for name in _WORD.findall(word) if name not in known), "")
            value = _WORD.sub(lambda found: known.get(found[0], found[0]), word)
            yield OptionWord(flag, value, blank)
            flag = ""
            continue
        if flag:
            yield OptionWord(flag)
        flag = word


def _in_force(option: OptionWord, session: Session) -> bool:
    """Return whether a run was made with an option already."""
    value = option.value or ""
    attempt = session.attempt
    fields = attempt.fields if attempt else ()
    typed = {field.name: field.raw for field in fields if field.reason.startswith(_TYPED)}
    match option.flag:
        case "--client-id":
            return session.client is not None and session.client.how == "pre-registered"
        case "--client-secret-prompt":
            return session.client is not None and session.client.secret is not None
        case "--param":
            name, _, wanted = value.partition("=")
            return typed.get(name) == wanted
        case "--scope":
            return typed.get("scope") == value
        case "--resource":
            return typed.get("resource") == value
        case "--allow":
            return any(f" {value} " in mark for mark in session.lifted)
    return any(f"({option.flag})" in mark for mark in session.lifted)
