"""Knows what a server should refuse, and tries it (SPEC 5); reads no answer that a run reads."""
