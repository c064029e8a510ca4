"""Knows what was asked of ``inspect``, checked; must not know argparse, nor do any of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import IO, Any

from mcp_auth_tui import __version__
from mcp_auth_tui.model import Level
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.urls import mcp_url
from mcp_auth_tui.records import dataclass, replace
from mcp_auth_tui.settings.arguments.names import WATCH_FORMATS
from mcp_auth_tui.settings.options import Options, Usage, network, proxy_notes, target

MAX_LIST = 32 * 1024 * 1024
"""The most octets of a list of URLs."""
_OCTETS = 320 * 1_000_000
"""Of the answers to all URLs that are under way."""
_LEAST_OCTETS, _MOST_OCTETS = 5 * 1_000_000, 32 * 1_000_000
# A list is written by somebody else as often as not: what one line holds must not end the rest.
_LINE = 2000
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectOptions:
    """All that an inspection is told."""

    urls: tuple[str, ...]
    """Each once, in order; those of a list may turn out to be none."""
    base: Config = field(default_factory=lambda: Config(url=""))
    form: str = "text"
    output: Path | None = None
    fail_on: Level = Level.ERROR
    jobs: int = 20
    network: NetworkSettings = field(default_factory=NetworkSettings)
    watch: float = 0.0
    """Seconds between two rounds; 0: there is one."""
    notes: tuple[str, ...] = ()
    """Sentences about what was assumed, for stderr."""

    @property
    def seconds(self) -> float:
        """Seconds that one URL may take."""
        return 12 * self.network.timeout

    @property
    def octets(self) -> int:
        """Octets that the answers to one URL may take: all that are under way share one limit."""
        return max(_LEAST_OCTETS, min(_OCTETS // self.jobs, _MOST_OCTETS))

    def config(self, url: str) -> Config:
        """Return the settings of one inspection; raises ValueError for what is no MCP URL."""
        return replace(self.base, url=mcp_url(url).url)


def from_arguments(
    args: Any, environ: Mapping[str, str] = os.environ, stdin: IO[bytes] | None = None
) -> InspectOptions:
    """Turn parsed arguments (`settings.arguments.inspect`) into checked options; raises `Usage`."""
    typed = [item for item in args.urls if item != "-"]
    notes: list[str] = []
    for item in typed:
        try:
            notes += mcp_url(item).notes
        except ValueError as error:
            raise Usage(str(error)) from None
    listed = list(_listed(args, stdin))
    urls = tuple(dict.fromkeys((*typed, *listed)))
    if not urls:
        raise Usage("name the URL of an MCP server, or a list with --file FILE, or - for stdin")
    if args.watch:
        _check_watch(args, urls)
    notes += proxy_notes(args.proxy, environ)
    return InspectOptions(
        urls=urls,
        base=Config(url="", spec=args.spec, insecure=args.insecure, version=__version__),
        form=args.format,
        output=target(args.output),
        fail_on=Level(args.fail_on),
        jobs=min(args.jobs, len(urls)),
        network=network(args),
        watch=args.watch or 0.0,
        notes=tuple(dict.fromkeys(notes)),
    )


def of_run(options: Options, config: Config, form: str, watch: float) -> InspectOptions:
    """Return how the server of a run is watched; raises `Usage` for a key that is locked."""
    if config.certificate_locked:
        from mcp_auth_tui.settings.client_certificate import VARIABLE

        raise Usage(f"{config.certificate_locked} Put its passphrase into ${VARIABLE}.")
    return InspectOptions(
        urls=(config.url,),
        base=config,
        form=form,
        jobs=1,
        network=options.network,
        watch=watch,
        notes=options.notes,
    )


def _check_watch(args: Any, urls: tuple[str, ...]) -> None:
    if len(urls) != 1:
        raise Usage(f"--watch looks at one URL, and {len(urls)} were named")
    if args.format not in WATCH_FORMATS:
        raise Usage(f"--watch tells its rounds as {' or '.join(WATCH_FORMATS)}, not {args.format}")
    if target(args.output) is not None:
        raise Usage("--watch tells each round as it ends, on stdout: write > FILE, not --output")


def _listed(args: Any, stdin: IO[bytes] | None) -> Iterator[str]:
    if args.file not in (None, "-"):
        try:
            with Path(args.file).open("rb") as file:
                yield from lines(file, args.file)
        except OSError as error:
            raise Usage(f"cannot read {args.file}: {error.strerror}") from None
    if args.file == "-" or "-" in args.urls:
        source = stdin or (sys.stdin.buffer if sys.stdin is not None else None)
        if source is None:
            raise Usage("stdin is closed: there is no list to read")
        yield from lines(source, "stdin")


def lines(file: IO[bytes], name: str) -> Iterable[str]:
    """Return the URLs of a list: without blank lines and comments.

    A comment is what follows a # at the start of a line or after a blank; a URL holds no blank.

    Raises `Usage` for a list that is too long or is no text.
    """
    octets = file.read(MAX_LIST + 1)
    if len(octets) > MAX_LIST:
        raise Usage(f"{name} is longer than {MAX_LIST // 1024 // 1024} MB")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Usage(f"{name} is not text in UTF-8") from None
    kept = (_COMMENT.sub("", line).strip()[:_LINE] for line in text.splitlines())
    return [line for line in kept if line]
