"""Knows the command that obtains a stored token anew; must not run it, nor know its secrets.

A sign-in that needed a client made by hand, endpoints or a lifted refusal needs them again.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from mcp_auth_tui.storage.token_file import Document


def words(args: Namespace, document: Document | None = None, id: str = "") -> list[str]:
    """Return the URL and the options of that command.

    ``document`` is what the store held, ``id`` the token's entry there. What ``args`` chose and how
    the network is reached comes after what is known of the token.
    """
    known = {} if document is None else _known(document, id)
    chosen = {"--client-id": args.client_id, "--issuer": args.issuer, "--scope": args.scope}
    known |= {flag: [value] for flag, value in chosen.items() if value is not None}
    reached = {
        "--ca-file": args.ca_file,
        "--client-cert": args.client_cert,
        "--client-cert-key": args.client_cert_key,
    }
    known |= {flag: [value] for flag, value in reached.items() if value is not None}
    options = [[flag, value] if value else [flag] for flag in known for value in known[flag]]
    return [args.url, *(word for option in options for word in option)]


def _known(document: Document, id: str) -> dict[str, list[str]]:
    """Return the options that a token was obtained with, as far as its entry tells.

    Each has its values: an empty one for an option without.
    """
    found: dict[str, list[str]] = {}
    entry = next((one for one in document["tokens"] if one["id"] == id), None)
    if entry is None:
        return found
    owner = (entry["issuer"], entry["client_id"])
    clients = (one for one in document["clients"] if (one["issuer"], one["client_id"]) == owner)
    client = next(clients, {"how": ""})
    if client["how"] == "pre-registered":
        found["--client-id"] = [client["client_id"]]
        if client["auth_method"].startswith("client_secret_"):
            found["--client-secret-prompt"] = [""]
    elif client["how"] == "metadata document":
        found["--client-metadata-url"] = [client["client_id"]]
    server = entry.get("server") or {}
    if server.get("by_hand") is True:
        for name in ("authorization_endpoint", "token_endpoint"):
            if server.get(name):
                found[f"--{name.replace('_', '-')}"] = [server[name]]
    if entry.get("bearer") == "id_token":
        found["--id-token"] = [""]
    allowed = entry.get("allowed")
    if isinstance(allowed, list) and allowed:
        found["--allow"] = [str(id) for id in allowed]
    return found
