"""What the tests of the network share."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import trustme


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """An authority that nobody trusts by itself."""
    return trustme.CA()


@pytest.fixture(scope="module")
def trust(ca: trustme.CA) -> Iterator[str]:
    """The file that makes it trusted."""
    with ca.cert_pem.tempfile() as file:
        yield file


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What a name resolves to; of others the system is asked."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, **options: Any) -> list[Any]:
        spelled = known.get(host, [host])
        return [info for item in spelled for info in real(item, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known
