"""Pins client ID metadata documents: fetched over https, checked, and shown to the person."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from practice_client import REDIRECT, Practice, practising

from mcp_auth_tui.demo.clients import document_url_problem
from mcp_auth_tui.loopback.server import Incoming, Loopback, Reply

JSON = (("Content-Type", "application/json"),)


class Host:
    """An https server on loopback for one document."""

    def __init__(self) -> None:
        self.reply = Reply(404)
        self.asked: list[str] = []
        self.url = ""

    def serve(self, headers: tuple[tuple[str, str], ...] = JSON, **changes: Any) -> None:
        document = {
            "client_id": self.url,
            "client_name": "Documented client",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        } | changes
        kept = {name: value for name, value in document.items() if value is not None}
        self.reply = Reply(200, json.dumps(kept).encode(), headers)

    async def handle(self, incoming: Incoming) -> Reply:
        self.asked.append(f"{incoming.method} {incoming.target}")
        return self.reply


@asynccontextmanager
async def hosting(folder: Path) -> AsyncIterator[tuple[Practice, Host]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    host = Host()
    loopback = await Loopback.bind(host.handle, ssl=context)
    host.url = f"https://127.0.0.1:{loopback.port}/client.json"
    host.serve()
    try:
        async with practising(cimd_ca=str(folder / "ca.pem")) as practice:
            yield practice, host
    finally:
        await loopback.aclose()


async def test_a_documented_client_signs_in_without_registering_g1(tmp_path: Path) -> None:
    """G1: a client ID metadata document instead of registration; the loopback port is free."""
    async with hosting(tmp_path) as (practice, host):
        page = await practice.signed_in(host.url)
        assert "Documented client" in page.text
        assert host.url in page.text
        code = (await practice.decide(page, "allow"))["code"]
        answer = await practice.exchange(host.url, code)
        assert answer.status_code == 200
        renewed = await practice.refresh(host.url, answer.json()["refresh_token"])
        assert renewed.status_code == 200
    assert host.asked == ["GET /client.json"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client_id": "https://127.0.0.1/other.json"}, "its client_id is not its own URL"),
        ({"client_id": None}, "its client_id is not its own URL"),
        ({"client_name": None}, "it has no client_name"),
        ({"client_name": ""}, "it has no client_name"),
        ({"redirect_uris": None}, "redirect_uris must list 1 to 10 URIs"),
        ({"redirect_uris": ["https://example.com/c"]}, "only http redirects on 127.0.0.1"),
        ({"client_secret": "x"}, "it holds a client secret"),
        ({"client_secret_expires_at": 0}, "it holds a client secret"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "only the method none"),
        ({"grant_types": ["implicit"]}, "grant_types may hold only"),
        ({"client_uri": "x" * 6000}, "it is longer than 5 KB"),
        ({"headers": (("Content-Type", "text/html"),)}, "it is not served as JSON"),
    ],
)
async def test_a_document_that_breaks_a_rule_is_refused_on_a_page_g2(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    """G2."""
    async with hosting(tmp_path) as (practice, host):
        host.serve(**changes)
        answer = await practice.authorize(host.url)
    assert (answer.status_code, why in answer.text) == (400, True), answer.text


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(200, b"not json", JSON), "it is not a JSON object"),
        (Reply(200, b"[]", JSON), "it is not a JSON object"),
        (Reply(404), "the answer was 404, not 200"),
        (Reply(302, b"", (("Location", "/else"),)), "the answer was 302, not 200"),
    ],
)
async def test_anything_but_a_json_object_with_200_is_refused_g2(
    tmp_path: Path, reply: Reply, why: str
) -> None:
    """G2: 200 without redirect."""
    async with hosting(tmp_path) as (practice, host):
        host.reply = reply
        answer = await practice.authorize(host.url)
        assert host.asked == ["GET /client.json"]
    assert (answer.status_code, why in answer.text) == (400, True), answer.text


async def test_a_redirect_that_the_document_does_not_list_is_refused(tmp_path: Path) -> None:
    async with hosting(tmp_path) as (practice, host):
        host.serve(redirect_uris=["http://127.0.0.1/elsewhere"])
        answer = await practice.authorize(host.url, redirect_uri=REDIRECT)
    assert (answer.status_code, "not one that this client registered" in answer.text) == (400, True)


async def test_a_document_host_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    async with hosting(tmp_path) as (_, host), practising() as other:
        answer = await other.authorize(host.url)
    assert (answer.status_code, "TLS failed" in answer.text) == (400, True)


async def test_a_document_host_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    async with hosting(tmp_path) as (practice, _):
        free = await Loopback.bind(Host().handle)
        await free.aclose()
        answer = await practice.authorize(f"https://127.0.0.1:{free.port}/client.json")
    assert (answer.status_code, "could not be fetched" in answer.text) == (400, True)


async def test_a_document_on_a_private_network_is_not_asked_for() -> None:
    async with practising() as practice:
        answer = await practice.authorize("https://10.0.0.1/client.json")
    assert (answer.status_code, "on a private network" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://example.com/client.json", None),
        ("https://example.com/client.json?v=1", None),
        ("http://example.com/client.json", "it is not an https URL"),
        ("https:///client.json", "it is not an https URL"),
        ("https://example.com:port/client.json", "it is not an https URL"),
        ("https://example.com", "it has no path"),
        ("https://example.com/", "it has no path"),
        ("https://example.com/c#f", "it has a fragment or user information"),
        ("https://u@example.com/c", "it has a fragment or user information"),
        ("https://example.com/a/../c", "its path has dot segments"),
    ],
)
def test_the_url_of_a_document_has_rules_of_its_own_g2(url: str, why: str | None) -> None:
    """G2."""
    assert document_url_problem(url) == why


async def test_a_url_that_cannot_be_a_document_is_told_on_a_page() -> None:
    async with practising() as practice:
        answer = await practice.authorize("https://example.com/a/../c")
    assert (answer.status_code, "dot segments" in answer.text) == (400, True)
