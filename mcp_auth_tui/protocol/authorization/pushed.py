"""Knows pushed authorization requests (Z9; RFC 9126); must not know what the request says."""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.model import Field
from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.authorization.request import url_of
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint


def push(asker: Endpoint, attempt: Attempt) -> Protocol[Attempt]:
    """Push the request and return the attempt with the short URL; raises `FlowStop`."""
    judge, server = asker.judge, asker.server
    url = server.document.get("pushed_authorization_request_endpoint")
    try:
        url = endpoint(url) if isinstance(url, str) else ""
    except UrlRefused as error:
        judge.stop("as-endpoint-scheme", seen=f"{url}: {error}", exit=4)
    if not url:
        judge.stop(
            "as-par-required",
            seen="pushed_authorization_request_endpoint: absent",
            message="The server demands pushed authorization requests and names no place for them.",
        )
    form = tuple(field for field in attempt.fields if field.name != "client_id")
    exchange, answer = yield from asker.ask(form, "pushed authorization request", url)
    if answer is None or "error" in answer or exchange.status >= 400:
        asker.refused(exchange, answer or {}, "pushed authorization request", "authz-error")
    uri = answer.get("request_uri")
    if not isinstance(uri, str) or not uri:
        judge.stop(
            "authz-error",
            seen=f"request_uri: {uri!r}",
            expected="request_uri (RFC 9126 §2.2)",
            exchange=exchange,
            pointer="/request_uri",
        )
    fields = [
        Field("client_id", attempt.client_id, "names the client", "RFC 9126 §4"),
        Field("request_uri", uri, "given for the pushed request", "RFC 9126 §4"),
    ]
    return replace(attempt, url=url_of(attempt.authorization_endpoint, fields))
