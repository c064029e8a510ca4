"""Started by the suite with a server's URL as last argument; becomes the real program.

Knows how the suite hands over credentials and which ordinary options mean the same. It must not
look at which scenario runs: one command line serves all, and what to do follows from the options
and from what the servers say. Secrets go by environment, so nothing is written and left behind.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

CLIENT_METADATA_URL = "https://conformance-test.local/client-metadata.json"
_ALWAYS = (
    *("--plain", "--browser", "follow"),
    *("--call", "test-tool", "--call-args", "{}"),
)
# Key of the context: option that takes the value itself.
_PLAIN = {
    "client_id": "--client-id",
    "idp_issuer": "--idp-issuer",
    "idp_token_endpoint": "--idp-token-endpoint",
    "idp_client_id": "--idp-client-id",
}
# Key of the context: option that takes a source of a secret, and the variable that holds it.
_SECRET = {
    "private_key_pem": ("--client-key", "CONFORMANCE_CLIENT_KEY"),
    "valid_jwt": ("--assertion", "CONFORMANCE_ASSERTION"),
    "idp_id_token": ("--subject-token", "CONFORMANCE_SUBJECT_TOKEN"),
}


def command_line(
    url: str, version: str, context: Mapping[str, object]
) -> tuple[list[str], dict[str, str]]:
    """Return the program's arguments and what its environment has besides."""
    arguments = [*_ALWAYS, "--spec", version] if version else list(_ALWAYS)
    extra: dict[str, str] = {}
    for key, option in _PLAIN.items():
        if key in context:
            arguments += [option, str(context[key])]
    for key, (option, variable) in _SECRET.items():
        if key in context:
            arguments += [option, f"env:{variable}"]
            extra[variable] = str(context[key])
    if "client_secret" in context:
        extra["MCP_AUTH_CLIENT_SECRET"] = str(context["client_secret"])
    if "client_id" not in context:
        arguments += ["--client-metadata-url", CLIENT_METADATA_URL]
    return [*arguments, url], extra


def main() -> None:
    version = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "")
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    arguments, extra = command_line(sys.argv[-1], version, context)
    # What the suite says about itself does not reach the program.
    passed = {k: v for k, v in os.environ.items() if not k.startswith("MCP_CONFORMANCE_")}
    command = [sys.executable, "-m", "mcp_auth_tui", *arguments]
    os.execve(sys.executable, command, {**passed, **extra})


if __name__ == "__main__":
    main()
