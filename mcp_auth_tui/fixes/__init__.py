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

__all__ = ["Answer", "Blank", "Change", "Fix", "fix_of", "rows"]

_MODULES = (
    *("endpoint", "access", "resource", "server", "capabilities", "registration"),
    *("authorization", "token", "jwt", "extensions", "probe"),
)
"""Those of ``findings.rules`` of which a rule can be broken by what an answer holds."""
_OURS = ("cimd-own-",)
"""How the ids begin that speak of a document of the person who runs this program."""


@cache
def rows() -> Mapping[str, Row]:
    """Return every fix that there is by the id of its finding."""
    return {
        id: row
        for name in _MODULES
        for id, row in import_module(f"mcp_auth_tui.fixes.{name}").FIXES.items()
    }


def fix_of(session: Session, finding: Finding) -> Fix | None:
    """Return what mends a finding of a run; None where no answer of a server has to change for it.

    A fix without changes says in ``why`` what of the answer cannot be mended from here.
    """
    if finding.level is Level.OK or (row := rows().get(finding.id)) is None:
        return None
    if finding.whose is Whose.CLIENT and not finding.id.startswith(_OURS):
        return None  # it was given by hand: no server has anything to mend
    breach = Breach(session, finding)
    try:
        result = row(breach)
        fix = result if isinstance(result, Fix) else Fix((breach.change(result),))
    except NoFix as error:
        return Fix((), str(error))
    if not any(change.before != change.after for change in fix.changes):
        return Fix((), "What was served holds nothing that this would change.")
    return fix
