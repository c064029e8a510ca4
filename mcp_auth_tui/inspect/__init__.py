"""Knows how servers are inspected, one or many, and how that is told; it signs in nowhere."""
