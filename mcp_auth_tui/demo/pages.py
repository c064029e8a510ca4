"""Knows the HTML a person sees; must not know tokens, sockets or what an answer leads to.

Every value is escaped; no script, no outside file; light and dark; usable by keyboard alone.
"""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

from mcp_auth_tui.loopback.server import Reply
from mcp_auth_tui.text.terminal import one_line

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #56606e; --paper: #ffffff;
  --ground: #eef1f5; --line: #ccd3dc; --key: #1f4fb8; --on-key: #ffffff; --bad: #a3202c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #a9b3c1; --paper: #1b212b;
  --ground: #11151c; --line: #3a4453; --key: #8fb4ff; --on-key: #0c1a36; --bad: #ff9aa2; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 12px; padding: 1.75rem; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .75rem; overflow-wrap: anywhere; }
p { margin: .75rem 0; }
small, .note { color: var(--soft); font-size: .875rem; }
.kicker { margin: 0 0 .25rem; color: var(--soft); font-size: .875rem; }
label { display: block; font-weight: 600; margin-bottom: .35rem; }
input[type=text] { width: 100%; font: inherit; padding: .6rem .75rem; color: inherit;
  background: transparent; border: 1px solid var(--soft); border-radius: 8px; }
dl { margin: 1rem 0; border-top: 1px solid var(--line); }
dl div { display: grid; grid-template-columns: 6.5rem 1fr; gap: .75rem; padding: .5rem 0;
  border-bottom: 1px solid var(--line); }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: 0; padding: 0; list-style: none; } li + li { margin-top: .35rem; }
@media (max-width: 26rem) { dl div { grid-template-columns: 1fr; gap: 0; } }
code { font: .9em ui-monospace, monospace; }
.row { display: flex; gap: .75rem; margin-top: 1.25rem; }
button { flex: 1; font: inherit; font-weight: 600; padding: .65rem 1rem; cursor: pointer;
  border-radius: 8px; border: 1px solid var(--key); background: transparent; color: var(--key); }
button.key { background: var(--key); color: var(--on-key); }
:focus-visible { outline: 3px solid var(--key); outline-offset: 2px; }
h1.bad { color: var(--bad); }
"""
_SHOWN = 120


def sign_in(transaction: str, token: str, client_name: str) -> Reply:
    """Build the page that asks for any name."""
    return _page(
        "Sign in",
        f"""<p class="kicker">Practice server</p>
<h1>Sign in</h1>
<p><strong>{_safe(client_name)}</strong> wants to use your practice notes.</p>
<form method="post" action="/sign-in">{_hidden(transaction, token)}
<label for="name">Your name</label>
<input type="text" id="name" name="name" value="Robin" maxlength="60" required autofocus
 autocomplete="off" spellcheck="false" aria-describedby="hint">
<p class="note" id="hint">Any name works and there is no password: nothing here is real, and all
of it is forgotten when the practice server ends.</p>
<div class="row"><button class="key" type="submit">Continue</button></div>
</form>""",
    )


def consent(
    transaction: str,
    token: str,
    *,
    subject: str,
    client_name: str,
    client_id: str,
    redirect_uri: str,
    resource: str,
    scopes: Iterable[tuple[str, str]],
) -> Reply:
    """Build the page that says who asks for what and where the answer goes."""
    return _page(
        "Allow access?",
        f"""<p class="kicker">Practice server · signed in as {_safe(subject)}</p>
<h1>Allow {_safe(client_name)} to use your notes?</h1>
<dl>
{_asked(client_name, client_id, resource, scopes)}
<div><dt>Answer to</dt><dd><code>{_safe(redirect_uri)}</code></dd></div>
</dl>
<p class="note">Allow only if you have just started this yourself: a client may call itself
anything.</p>
<form method="post" action="/consent">{_hidden(transaction, token)}
<div class="row"><button class="key" type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></div>
</form>""",
        forms_lead_to=redirect_uri,
    )


def user_code(typed: str, *, wrong: bool = False) -> Reply:
    """Build the page that asks for the code of a device; ``wrong``: nobody waits with this one."""
    told = '<p class="bad">No device waits with this code.</p>' if wrong else ""
    return _page(
        "A device wants to sign in",
        f"""<p class="kicker">Practice server</p>
<h1>A device wants to sign in</h1>{told}
<form method="post" action="/device">
<label for="code">The code that it shows</label>
<input type="text" id="code" name="user_code" value="{_safe(typed, 20)}" maxlength="20" required
 autofocus autocomplete="off" spellcheck="false">
<div class="row"><button class="key" type="submit">Continue</button></div>
</form>""",
        status=400 if wrong else 200,
    )


def device_consent(
    code: str, *, client_name: str, client_id: str, resource: str, scopes: Iterable[tuple[str, str]]
) -> Reply:
    """Build the page that says which device asks for what, and takes any name."""
    return _page(
        "Allow access?",
        f"""<p class="kicker">Practice server · code {_safe(code)}</p>
<h1>Allow {_safe(client_name)} to use your notes?</h1>
<dl>
{_asked(client_name, client_id, resource, scopes)}
</dl>
<p class="note">Allow only if the device in front of you shows this code.</p>
<form method="post" action="/device"><input type="hidden" name="user_code" value="{_safe(code)}">
<label for="name">Your name</label>
<input type="text" id="name" name="name" value="Robin" maxlength="60" autocomplete="off">
<div class="row"><button class="key" type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></div>
</form>""",
    )


def device_end(*, allowed: bool) -> Reply:
    """Build the page that sends the person back to the device."""
    title = "The device is signed in" if allowed else "The device was turned away"
    return _page(title, f"<h1>{title}</h1><p>Go back to it; this page can be closed.</p>")


def problem(status: int, reason: str, hint: str) -> Reply:
    """Build the page for a request that is answered here and nowhere else."""
    return _page(
        "This request cannot go on",
        f"""<p class="kicker">Practice server</p>
<h1 class="bad">This request cannot go on</h1>
<p>{_safe(reason, 300)}</p>
<p class="note">{_safe(hint, 300)} Nothing was sent back to the program that opened this page.</p>
""",
        status=status,
    )


def ordinary() -> Reply:
    """Build a web page that is plainly no API: what a fault serves instead of a document."""
    return _page("Welcome", "<h1>Welcome</h1><p>This is an ordinary web page.</p>")


def _page(title: str, body: str, *, status: int = 200, forms_lead_to: str | None = None) -> Reply:
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · practice server</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>
<body><main>
{body}
</main></body></html>
"""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'{_source(forms_lead_to)}"
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return Reply(status, text.encode(), headers)


def _source(uri: str | None) -> str:
    """Return the CSP source for where a form's answer redirects: Chromium judges that hop too."""
    if uri is None:
        return ""
    parts = urlsplit(uri)
    # A CSP host-source has no way to write an IPv6 literal, so there only the scheme is left.
    return " http:" if ":" in (parts.hostname or "") else f" {parts.scheme}://{parts.netloc}"


def _asked(
    client_name: str, client_id: str, resource: str, scopes: Iterable[tuple[str, str]]
) -> str:
    """Return the rows that say who asks for what."""
    listed = "".join(
        f"<li><code>{_safe(name)}</code><br><small>{_safe(meaning)}</small></li>"
        for name, meaning in scopes
    )
    return f"""<div><dt>Client</dt><dd>{_safe(client_name)}<br>
<small><code>{_safe(client_id)}</code></small></dd></div>
<div><dt>Resource</dt><dd><code>{_safe(resource)}</code></dd></div>
<div><dt>Scopes</dt><dd><ul>{listed}</ul></dd></div>"""


def _hidden(transaction: str, token: str) -> str:
    return (
        f'<input type="hidden" name="transaction" value="{escape(transaction)}">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
    )


def _safe(value: str, limit: int = _SHOWN) -> str:
    return escape(one_line(value, limit))
