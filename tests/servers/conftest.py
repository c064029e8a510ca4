"""Somebody at a browser, as in tests/peers."""

from tests.peers.conftest import person as person
