"""Settings of all tests; knows no test."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no fault of the program: what is too slow is for tests/bench to say.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
