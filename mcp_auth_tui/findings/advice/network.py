"""Knows what to look at when a server cannot be reached (net-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import ANY, CLOUDFLARE, NGINX, Explanation

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
        "net-slow",
        (
            (
                ANY,
                "The header fields came and the end of the body did not: look for a stream that is"
                " never closed, a wrong Content-Length, or a proxy that buffers.",
            ),
            (NGINX, "proxy_buffering off; for the MCP path, whose answers may be streams."),
        ),
        "200 OK\nContent-Length: 900\n\n{ (and nothing more)",
        "200 OK\nContent-Length: 2\n\n{}",
    ),
    Explanation(
        "net-oversize",
        ((ANY, "A metadata document is some KB long; something else was sent in its place."),),
        "200 OK\nContent-Length: 4000000",
        "200 OK\nContent-Length: 900",
    ),
    Explanation(
        "net-dns",
        (
            (ANY, "dig +short HOST, here and on another network, shows who knows the name."),
            ("a container", "Names of a compose network are known inside of it only."),
        ),
        "https://mcp.exmaple.com/mcp",
        "https://mcp.example.com/mcp",
    ),
    Explanation(
        "net-connect",
        (
            (ANY, "curl -v URL from the same machine tells the same; ss -ltn who listens there."),
            (
                "a container",
                "A server that binds 127.0.0.1 inside of it is not reached through a published"
                " port: bind 0.0.0.0 there.",
            ),
        ),
        "connect to mcp.example.com:443\nConnection refused",
        "connect to mcp.example.com:443\n401 Unauthorized",
    ),
    Explanation(
        "net-http",
        (
            (NGINX, "502 and 504 are its own: the application behind it is down or too slow."),
            (CLOUDFLARE, "520 to 526 are its own: it cannot speak with the origin."),
        ),
        "POST /mcp\n502 Bad Gateway",
        "POST /mcp\n200 OK",
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
