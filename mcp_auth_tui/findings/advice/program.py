"""Knows what to do about findings that are about this program and its use (client-*)."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import CLIENT, Explanation

ALL: tuple[Explanation, ...] = (
    Explanation(
        "client-port-busy",
        ((CLIENT, "ss -ltnp (Linux) or lsof -i :PORT (macOS) says who listens there."),),
        "--port 8080",
        "(without --port: any free one is taken)",
    ),
    Explanation(
        "client-no-person",
        (
            (
                CLIENT,
                "In scripts use --grant client_credentials, which needs nobody.",
            ),
        ),
        "mcp-auth-tui URL </dev/null",
        "mcp-auth-tui URL --grant client_credentials --client-id ID",
    ),
    Explanation(
        "client-overridden",
        ((CLIENT, "A result with a mark says nothing about what other clients will do."),),
        "mcp-auth-tui URL --allow as-issuer-slash",
        "mcp-auth-tui URL",
    ),
    Explanation(
        "client-insecure",
        ((CLIENT, "Whoever is on the way could read the token."),),
        "mcp-auth-tui URL --insecure",
        "mcp-auth-tui URL --ca-file ca.pem",
    ),
    Explanation(
        "client-url",
        (),
        "mcp.example.com:8080:mcp",
        "https://mcp.example.com:8080/mcp",
    ),
    Explanation(
        "client-key",
        ((CLIENT, "openssl pkey -in FILE -noout -text tells kind and size of a PEM key."),),
        "--client-key file:public.pem",
        "--client-key file:private.pem",
    ),
    Explanation(
        "client-grant",
        (),
        "mcp-auth-tui URL --grant client_credentials",
        "mcp-auth-tui URL --grant client_credentials --client-id ID (and its secret or key)",
    ),
    Explanation(
        "client-assertion",
        ((CLIENT, "Such tokens last minutes: let a command fetch a new one for each run."),),
        "an assertion whose exp is over",
        "an assertion that was made just now",
    ),
    Explanation(
        "client-assertion-aud",
        (),
        '"aud": "https://sts.example.net"',
        '"aud": "https://auth.example.com"',
    ),
    Explanation(
        "client-bug",
        ((CLIENT, "The report (--json) is masked; look at it before you publish it."),),
        "",
        "",
    ),
)
