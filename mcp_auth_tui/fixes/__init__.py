"""Knows which smallest change of what was served mends a finding; must not judge or lay it out.

A fix is built from the very answer that broke the rule: a header line, a status, members of a JSON
document, or of a token inside of it. Its row stands in the module that is named like that of
``findings.rules`` in which the rule is: a function of what was served that returns the answer as
it should be. What only the owner can know stands there as a `Blank` with what belongs in its place,
and what else has to be true is said beside. Nothing here is masked: `render.fix` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from mcp_auth_tui.fixes.answer import Answer, Blank, Change, Fix, NoFix
from mcp_auth_tui.fixes.breach import Breach, Row
from mcp_auth_tui.model import Finding, Level, Session, Whose

__all__ = ["Answer", "Blank", "Change", "Fix", "first_like", "fix_of", "has_fix", "rows"]

_MODULES: Mapping[str, tuple[str, ...]] = {
    "rs": ("endpoint", "access"),
    "prm": ("resource",),
    "as": ("server", "capabilities"),
    "dcr": ("registration",),
    "cimd": ("registration",),
    "authz": ("authorization",),
    "token": ("token", "jwt"),
    "jwt": ("jwt",),
    "dpop": ("endpoint", "token", "jwt"),
    "idjag": ("extensions",),
    "ext": ("extensions",),
    "probe": ("probe",),
}
"""Where the fixes of findings stand by how their ids begin; of others none can be shown."""
_OURS = ("cimd-own-",)
"""How the ids begin that speak of a document of the person who runs this program."""


def rows() -> Mapping[str, Row]:
    """Return every fix that there is by the id of its finding."""
    names = dict.fromkeys(name for each in _MODULES.values() for name in each)
    return {id: row for name in names for id, row in _rows(name).items()}


def has_fix(finding: Finding) -> bool:
    """Whether an answer of a server has to change for a finding, so that `fix_of` tells more."""
    return finding.level is not Level.OK and _row(finding.id) is not None


def first_like(session: Session, finding: Finding) -> Finding:
    """Return the first finding of a run about the same part of the same answer, maybe itself.

    A server may send thousands of entries that break one rule; one change mends them all.
    """
    about = (finding.id, finding.exchange, finding.pointer)
    items = (item for item in session.findings if item.level is not Level.OK)
    alike = (item for item in items if (item.id, item.exchange, item.pointer) == about)
    return next(alike, finding)


@cache
def _row(id: str) -> Row | None:
    modules = (_rows(name) for name in _MODULES.get(id.partition("-")[0], ()))
    return next((each[id] for each in modules if id in each), None)


def _rows(name: str) -> Mapping[str, Row]:
    found: Mapping[str, Row] = import_module(f"mcp_auth_tui.fixes.{name}").FIXES
    return found


def fix_of(session: Session, finding: Finding) -> Fix | None:
    """Return what mends a finding of a run; None where no answer of a server has to change for it.

    A fix without changes says in ``why`` what of the answer cannot be mended from here.
    """
    if finding.level is Level.OK or (row := _row(finding.id)) is None:
        return None
    if first_like(session, finding) != finding:
        return Fix((), "One change mends all findings like this: it is shown with the first.")
    if finding.whose is Whose.CLIENT and not finding.id.startswith(_OURS):
        return None  # it was given by hand: no server has anything to mend
    breach = Breach(session, finding)
    try:
        result = row(breach)
        fix = result if isinstance(result, Fix) else Fix((breach.change(result),))
    except NoFix as error:
        return Fix((), str(error))
    except Exception as error:  # it must not take the report with it that it stands in
        return Fix((), f"It cannot be worked out ({type(error).__name__}): our bug.")
    if not any(change.before != change.after for change in fix.changes):
        return Fix((), "What was served holds nothing that this would change.")
    return fix
