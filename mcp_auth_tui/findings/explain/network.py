"""Knows what to look at when a server cannot be reached (net-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.explain.words import ANY, NGINX, Explanation

ALL: tuple[Explanation, ...] = (
    Explanation(
        "net-tls",
        (
            (
                NGINX,
                "ssl_certificate must hold the whole chain: the certificate first, then the"
                " intermediate ones.",
            ),
            (
                ANY,
                "Look at it with openssl s_client -connect HOST:443 -servername HOST -showcerts.",
            ),
            (
                "a CA of your own",
                "Give it with --ca-file FILE; never publish a server that needs --insecure.",
            ),
        ),
        "the server sends its own certificate alone",
        "the server sends its own certificate and those between it and the root",
    ),
    Explanation(
        "net-timeout",
        (
            (
                ANY,
                "Look whether something in between drops the connection without a word: a firewall,"
                " an address that only some machines route, a worker that waits for another.",
            ),
            (
                NGINX,
                "An upstream that is down keeps requests until proxy_connect_timeout: lower it.",
            ),
        ),
        "GET /.well-known/oauth-protected-resource\n(nothing for 10 s)",
        "GET /.well-known/oauth-protected-resource\n404 Not Found",
    ),
    Explanation(
        "net-rate-limited",
        (
            (
                ANY,
                "Leave the well-known paths out of rate limits, and cache them: they seldom vary.",
            ),
        ),
        "429 Too Many Requests\nRetry-After: 60",
        "200 OK\nCache-Control: max-age=3600",
    ),
    Explanation(
        "net-downgrade",
        (
            (
                ANY,
                "Redirect to https only; behind a TLS proxy tell the application its public URL.",
            ),
        ),
        "301 Moved Permanently\nLocation: http://mcp.example.com/.well-known/…",
        "200 OK",
    ),
)
