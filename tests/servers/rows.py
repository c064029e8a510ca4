"""Knows which authorization servers are run, from where they come and what starts each of them.

A file of `apps` starts one: it is given ``--port`` and ``--resource`` (the MCP URL that its tokens
are for), prints its addresses as one JSON line, and ends with its standard input. Must not know
what the program says of them: that is in `table.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """One authorization server."""

    name: str
    language: str
    kind: str
    """``pypi``, ``npm`` or ``apt``: where it comes from."""
    packages: tuple[str, ...]
    """As the registry's own client takes them; the first one is the server."""
    app: str
    """The file in `apps`."""
    small: bool = False
    """Whether it is run among the tests, from the test extra or `node/package.json`."""


SERVERS = (
    Server(
        "django-oauth-toolkit",
        "Python, Django",
        "pypi",
        ("django-oauth-toolkit==3.4.1", "django==5.2.19"),
        "django_oauth_toolkit.py",
        small=True,
    ),
    Server(
        "django-allauth",
        "Python, Django",
        "pypi",
        ("django-allauth[idp-oidc]==65.21.1", "django==5.2.19", "requests>=2"),
        "django_allauth.py",
    ),
    Server(
        "canaille", "Python, Flask", "pypi", ("canaille[front,oidc]==0.3.6",), "canaille_app.py"
    ),
    Server(
        "oauth2-mock-server",
        "TypeScript",
        "npm",
        ("oauth2-mock-server@9.3.0",),
        "oauth2_mock_server.mjs",
    ),
    Server(
        "better-auth",
        "TypeScript",
        "npm",
        (
            "@better-auth/oauth-provider@1.7.5",
            "better-auth@1.7.5",
            # What it wants beside it, exactly.
            "@better-auth/core@1.7.5",
            "@better-auth/utils@0.4.2",
            "@better-fetch/fetch@1.3.2",
            "better-call@1.4.0",
        ),
        "better_auth.mjs",
        small=True,
    ),
    Server(
        "workers-oauth-provider",
        "TypeScript in workerd",
        "npm",
        ("@cloudflare/workers-oauth-provider@1.2.3", "miniflare@4.20260730.0", "esbuild@0.28.2"),
        "workers_provider.mjs",
    ),
    Server("glewlwyd", "C", "apt", ("glewlwyd", "glewlwyd-common"), "glewlwyd.py"),
    Server(
        "lemonldap-ng",
        "Perl",
        "apt",
        (
            "liblemonldap-ng-portal-perl",
            "starman",
            # What it recommends, or needs without saying so.
            "libconvert-base32-perl",
            "libemail-date-format-perl",
            "libemail-sender-perl",
            "libgd-securityimage-perl",
            "libimage-magick-perl",
            "libio-string-perl",
            "libmime-tools-perl",
            "libstring-random-perl",
        ),
        "lemonldap.py",
    ),
    Server(
        "openauth",
        "TypeScript",
        "npm",
        (
            "@openauthjs/openauth@0.4.3",
            "@hono/node-server@1.19.9",
            "arctic@2.3.4",
            "hono@4.13.19",
            "valibot@1.5.0",
        ),
        "openauth.mjs",
    ),
    Server(
        "express-oauth-server",
        "JavaScript, Express",
        "npm",
        ("@node-oauth/express-oauth-server@4.2.0", "express@5.3.0"),
        "express_oauth.mjs",
    ),
    Server(
        "oauth2orize",
        "JavaScript, Express",
        "npm",
        (
            "oauth2orize@1.12.0",
            "express@5.3.0",
            "express-session@1.19.0",
            "passport@0.7.0",
            "passport-http@0.3.0",
            "passport-http-bearer@1.0.1",
            "passport-oauth2-client-password@0.1.2",
        ),
        "oauth2orize.mjs",
    ),
    Server(
        "django-oidc-provider",
        "Python, Django",
        "pypi",
        ("django-oidc-provider==0.9.0", "django==5.2.19"),
        "django_oidc_provider.py",
    ),
    Server(
        "authlib",
        "Python, Flask",
        "pypi",
        ("authlib==1.9.6", "flask-sqlalchemy>=3"),
        "authlib_app.py",
    ),
    Server("idpyoidc", "Python, Flask", "pypi", ("idpyoidc==5.0.0", "flask>=3"), "idpyoidc_app.py"),
    Server("jupyterhub", "Python, Tornado", "pypi", ("jupyterhub==6.1.1",), "jupyterhub_app.py"),
    Server(
        "doorkeeper",
        "Ruby, Rails",
        "apt",
        (
            "ruby-doorkeeper",
            "ruby-doorkeeper-openid-connect",
            "puma",
            "ruby-rails",
            "ruby-sqlite3",
        ),
        "doorkeeper.rb",
    ),
    # MCP servers and gateways that bring OAuth of their own.
    Server(
        "authmcp-gateway", "Python, Starlette", "pypi", ("authmcp-gateway==1.2.74",), "authmcp.py"
    ),
    Server(
        "local-shell-mcp", "Python, FastAPI", "pypi", ("local-shell-mcp==5.1.4",), "local_shell.py"
    ),
    Server(
        "fastapi-mcp",
        "Python, FastAPI",
        "pypi",
        ("fastapi-mcp==0.4.0", "mcp<2", "oidc-provider-mock==0.3.4"),
        "fastapi_mcp_app.py",
    ),
    Server(
        "fastmcp",
        "TypeScript",
        "npm",
        ("fastmcp@4.20.16", "oauth2-mock-server@9.3.0"),
        "fastmcp_proxy.mjs",
    ),
    Server(
        "mcp-nest",
        "TypeScript, NestJS",
        "npm",
        (
            "@rekog/mcp-nest@1.9.11",
            "@nestjs/common@11",
            "@nestjs/core@11",
            "@nestjs/platform-express@11",
            "@nestjs/jwt@11",
            "@nestjs/passport@11",
            "@nestjs/typeorm@11",
            "typeorm@0.3.25",
            "@modelcontextprotocol/sdk@1",
            "zod@4",
            "reflect-metadata@0.2.2",
            "rxjs@7",
            "cookie-parser@1",
        ),
        "mcp_nest.mjs",
    ),
)
