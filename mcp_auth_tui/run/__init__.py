"""Knows how a flow is driven: performs its actions and emits events; must not know a face."""
