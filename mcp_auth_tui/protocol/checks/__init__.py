"""Knows what a document, an answer or a token must keep; must not send anything."""
