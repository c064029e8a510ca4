"""Knows private keys and what is signed with them (JOSE); must not know why it is signed."""
