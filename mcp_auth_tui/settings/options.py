"""Knows what was asked for on the command line, checked; must not know argparse, nor do any of it.

A face gets one `Options`; it makes the `Config` of a run from a URL typed later (the URL form).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.desktop.browser import can_open
from mcp_auth_tui.desktop.output import check_target
from mcp_auth_tui.model import Secret
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.config import ENDPOINTS, Config
from mcp_auth_tui.protocol.urls import mcp_url
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.settings import combinations, credentials
from mcp_auth_tui.settings.helper import helper_options

if TYPE_CHECKING:
    from mcp_auth_tui.settings.client_certificate import GivenCertificate

MAX_SECRET_FILE = 65536
SECRET_VARIABLE = "MCP_AUTH_CLIENT_SECRET"


class Usage(Exception):
    """The command line cannot be meant so; the message is a sentence for whoever typed it.

    ``names`` are the options that it is about, as the parsed arguments call them.
    """

    def __init__(self, message: str, *names: str) -> None:
        super().__init__(message)
        self.names = names


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All that a face, the network and the exports are told."""

    base: Config = field(default_factory=lambda: Config(url=""))
    """The settings of a run, still without a URL."""
    browser: str = "auto"
    """``auto``, ``none``, ``follow`` or a command."""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    client_key: Secret | None = None
    """The client's private key as PEM or JWK text."""
    key_source: str | None = None
    """The SOURCE that the client's key was read from, where nobody is asked for it again."""
    key_origin: str = ""
    """Where the key came from, for sentences."""
    export: str = "headers"
    """A name that `exports.export` knows."""
    output: Path | None = None
    record: Path | None = None
    """Where all that happens is written (`recordings.recorder`)."""
    reveal: bool = False
    wait_given: bool = False
    """``--wait`` was typed: somebody will come."""
    stepping: bool = False
    """``--step``: stop before each action."""
    remember: bool = True
    """The screen may keep its theme and the servers that were used (not with ``--no-remember``)."""
    token_store: str | None = None
    """One of `storage.tokens.KINDS`; None leaves it to the config file."""
    fresh: bool = False
    """``--fresh``: what is stored is not used."""
    needs: tuple[str, ...] = ()
    """Options that a later `headers` needs to do the same (`helper.helper_options`)."""
    practice: str = ""
    """The URL of the practice server of this program, whose tokens end with it."""
    notes: tuple[str, ...] = ()
    """Sentences about what was assumed, for the face to say."""

    def config(self, url: str) -> tuple[Config, tuple[str, ...]]:
        """Make the settings of a run against what a person typed as URL, and notes to say.

        Raises ValueError with a sentence for that person.
        """
        made = mcp_url(url)
        return replace(self.base, url=made.url), made.notes

    def with_secret(self, secret: Secret) -> Options:
        """Return the same with a client secret that was typed."""
        return replace(self, base=replace(self.base, client_secret=secret))

    @property
    def marks(self) -> tuple[str, ...]:
        """What makes the result of this run worth less: for the banner, the story and the JSON."""
        marks = [*self.network.marks]
        marks += [f"the refusal {rule} is lifted (--allow)" for rule in sorted(self.base.allow)]
        if self.base.issuer is not None:
            marks.append("the issuer was chosen by hand (--issuer)")
        if not self.base.send_resource:
            marks.append("the resource parameter is left out (--no-resource)")
        for name in ENDPOINTS:
            if getattr(self.base, name) is not None:
                told = name.replace("_", " ")
                marks.append(f"the {told} was set by hand (--{name.replace('_', '-')})")
        if self.base.id_token:
            marks.append("the ID token stands in for the access token (--id-token)")
        if self.base.force:
            marks.append("the flow is run even if the server does not ask for it (--force)")
        return tuple(marks)


def read_secret_file(path: str) -> Secret:
    """Read a client secret from a file: its first line, without the line end.

    Raises `Usage` when there is no such file or nothing in it.
    """
    name = "client_secret_file"
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_SECRET_FILE).decode("utf-8")
    except OSError as error:
        raise Usage(f"cannot read {path}: {error.strerror}", name) from None
    except UnicodeDecodeError:
        raise Usage(f"{path} is not text", name) from None
    except ValueError:
        raise Usage(f"no file can have the name {path}", name) from None
    line = text.splitlines()[0].strip() if text.strip() else ""
    if not line:
        raise Usage(f"there is no secret in the first line of {path}", name)
    return Secret(line)


ReadCredentials = Callable[[Any, Mapping[str, str]], credentials.Credentials]


def from_arguments(
    args: Any,
    environ: Mapping[str, str] = os.environ,
    read: ReadCredentials = credentials.read,
) -> Options:
    """Turn parsed arguments (`settings.arguments.commands.flow`) into checked options.

    ``read`` reads the credentials that they name. Raises `Usage`.
    """
    if fault := combinations.fault(args):
        raise Usage(*fault)
    own = _certificate(args, environ)
    proxies = proxy_notes(args.proxy, environ)
    secret, notes = _secret(args, environ)
    try:
        sources = read(args, environ)
    except credentials.CredentialProblem as problem:
        raise Usage(str(problem), problem.name) from None
    base = _config(args, environ, secret, sources)
    if own is not None:
        base = replace(base, certificate=own.facts, certificate_locked=own.locked)
    return Options(
        base=base,
        browser=args.browser,
        network=network(args, own),
        client_key=sources.client_key,
        key_source=_silent(args.client_key),
        key_origin=sources.key_origin,
        export=args.export or "headers",
        output=target(args.output),
        record=_recording(args),
        reveal=args.reveal,
        wait_given=args.wait is not None,
        stepping=args.step,
        remember=not args.no_remember,
        token_store=args.token_store,
        fresh=args.fresh,
        needs=helper_options(args),
        notes=(*proxies, *notes, *sources.notes, *(own.notes if own else ())),
    )


def _config(
    args: Any,
    environ: Mapping[str, str],
    secret: Secret | None,
    sources: credentials.Credentials,
) -> Config:
    """Return the settings of a run: those that bear an option's name as given, and the others."""
    given = {
        name: value
        for name in (field.name for field in fields(Config))
        if (value := getattr(args, name, None)) is not None
    }
    others = {
        "url": "",
        "client_secret": secret,
        "send_resource": not args.no_resource,
        "params": tuple(args.param),
        "allow": _allowed(args.allow),
        "follow": args.browser == "follow",
        "browserless": args.browser == "auto" and not can_open(environ),
        "client_key": sources.client_key is not None,
        "assertion": sources.assertion,
        "subject_token": sources.subject_token,
        "idp_client_secret": sources.idp_client_secret,
        "registration_token": sources.registration_token,
        "headers": sources.headers,
        "version": _version(),
    }
    return Config(**{**given, **others})


def _silent(source: str | None) -> str | None:
    """Return a source that can be read again with nobody there, as it is found from any folder."""
    kind, _, rest = (source or "").partition(":")
    if kind == "file":
        return f"file:{Path(rest).expanduser().absolute()}"
    return source if kind in ("env", "keyring") else None


def _version() -> str:
    from mcp_auth_tui import __version__

    return __version__


def network(args: Any, own: GivenCertificate | None = None) -> NetworkSettings:
    """Return what parsed arguments say of the network; raises `Usage`.

    ``own`` is their certificate, where it was read already; else one whose key is locked is refused
    here, for there is nobody who could be asked.
    """
    if own is None and (own := _certificate(args, os.environ)) and own.locked:
        from mcp_auth_tui.settings.client_certificate import VARIABLE

        raise Usage(f"{own.locked} Put its passphrase into ${VARIABLE}.", "client_cert")
    return NetworkSettings(
        ca_file=check_file(args.ca_file, "--ca-file"),
        certificate=own.certificate if own else None,
        proxy=args.proxy,
        insecure=args.insecure,
        timeout=args.timeout,
    )


def _certificate(args: Any, environ: Mapping[str, str]) -> GivenCertificate | None:
    if args.client_cert is None:
        return None
    from mcp_auth_tui.settings import client_certificate

    try:
        return client_certificate.read(args.client_cert, args.client_cert_key, environ)
    except client_certificate.CertificateProblem as problem:
        raise Usage(str(problem), problem.name) from None


def proxy_notes(given: str | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Say which proxies will be used, if any (SPEC 6, `trust_env`); raises `Usage`."""
    elsewhere = sys.platform in ("darwin", "win32")
    if not (given or elsewhere or any(name.lower().endswith("_proxy") for name in environ)):
        return ()  # without loading the network, which the first frame does not need
    from mcp_auth_tui.net.proxies import Proxies

    try:
        description = Proxies.read(given, environ).description
    except ValueError as error:
        raise Usage(str(error), "proxy") from None
    return (f"Requests go {description}.",) if description else ()


def _secret(args: Any, environ: Mapping[str, str]) -> tuple[Secret | None, tuple[str, ...]]:
    if args.client_secret_file:
        return read_secret_file(args.client_secret_file), ()
    value = environ.get(SECRET_VARIABLE, "")
    if not value or args.client_secret_prompt:
        return None, ()
    if args.client_id is None:
        return None, (f"{SECRET_VARIABLE} is set but not used: there is no --client-id.",)
    return Secret(value), ()


def _allowed(ids: list[str]) -> frozenset[str]:
    if ids:
        from mcp_auth_tui.findings import CATALOGUE
        from mcp_auth_tui.text.suggest import unknown

        for name in ids:
            if name not in CATALOGUE:
                raise Usage(unknown("finding", name, CATALOGUE), "allow")
    return frozenset(ids)


def check_file(path: str | None, flag: str) -> str | None:
    """Return the path of a file that is there; raises `Usage`."""
    try:
        there = path is None or Path(path).is_file()
    except OSError:  # as for a name that is too long
        there = False
    if not there:
        raise Usage(f"{flag}: there is no file {path}", flag.strip("-").replace("-", "_"))
    return path


def target(path: str | None, name: str = "output") -> Path | None:
    """Return the file that ``--output`` names; None is stdout, which ``-`` means too.

    Raises `Usage` when it could not be written.
    """
    if not path or path == "-":
        return None
    try:
        check_target(Path(path))
    except ValueError as error:
        raise Usage(f"{combinations.flag(name)}: {error}", name) from None
    return Path(path)


def _recording(args: Any) -> Path | None:
    if args.record == "-":
        raise Usage("--record needs a file; --events writes what happens on stdout", "record")
    path = target(args.record, "record")
    if path is not None and args.output not in (None, "", "-") and path == Path(args.output):
        raise Usage("--record and --output name the same file", "record", "output")
    return path
