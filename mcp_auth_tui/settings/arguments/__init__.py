"""Knows the words of every command line, a module a topic; must not know what they bring about."""
