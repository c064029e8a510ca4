"""Knows what it means to install an entry for a server in one client; asks nobody, shows nothing.

The command line and the screen both go through here: the same file, the same change and words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_auth_tui.exports.clients import ClientProgram, filled, render
from mcp_auth_tui.exports.clients.entry import Server, entry, name_of
from mcp_auth_tui.exports.install import Change, InstallProblem, install, uninstall
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.model import Session


def config_file(client: ClientProgram, *, project: bool) -> Path | None:
    """Return a client's file for the person, or for the project in this folder; None for none."""
    if not project:
        return client.user_file
    return Path.cwd() / client.project if client.project else None


def installation(
    client: ClientProgram, session: Session, form: str, *, project: bool
) -> Installation:
    """Return how an entry for the server of a run gets in, with the header that the run holds."""
    token = session.token
    server = Server(
        session.url,
        name_of(session.url),
        token.bearer.reveal() if token is not None and session.headers else "",
        options=render.options_of(session),
    )
    return Installation(client, server, form, config_file(client, project=project), project)


def has_token(server: Server) -> bool:
    """Return whether a token for a server is stored on this machine, for a helper to hand out."""
    from mcp_auth_tui.storage import token_file

    try:
        path = token_file.token_path()
        return path is not None and bool(
            token_file.choose(token_file.read(path)["tokens"], server.url)
        )
    except token_file.StoreProblem:
        return False


@dataclass(frozen=True, slots=True)
class Installation:
    """One entry for one server in one file of one client."""

    client: ClientProgram
    server: Server
    form: str
    """One of the client's forms."""
    path: Path | None
    """None where the client has no such file."""
    project: bool = False
    """Whether the file belongs to a project."""

    def change(self, *, replace: bool = False) -> Change | None:
        """Plan how the entry gets in; None when it is there already.

        Raises `InstallProblem`, and ValueError when the client cannot take that form.
        """
        token = self.server.token if self.form == "inline" else ""
        value = entry(self.client, self.form, self.server)
        return install(
            self._file(), self.client, self.server.name, value, secret=token, replace=replace
        )

    def removal(self) -> Change | None:
        """Plan how the entry gets out again; None when it is not there; raises `InstallProblem`."""
        return uninstall(self._file(), self.client, self.server.name, self.server.url)

    def _file(self) -> Path:
        if self.path is None:
            raise InstallProblem(f"{self.client.title} has no file of that kind.")
        return self.path

    def advice(self, expires: float | None, now: float) -> Iterator[str]:
        """Yield what to know once the entry is in, as sentences.

        ``expires``: when the token that the entry holds ends, None where nobody said; both times in
        seconds since the epoch.
        """
        yield render.need(self.client, self.form, self.server)
        if self.form == "inline":
            yield render.ends(expires, now)
            if self.project:
                yield "The token is in a file of a project: keep it out of the repository."
        yield filled(self.client.catch, {"NAME": self.server.name})
