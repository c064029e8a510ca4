"""The official conformance suite, run against the real program."""
