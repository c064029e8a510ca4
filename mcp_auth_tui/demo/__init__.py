"""The embedded practice server; must know nothing of the client that practises on it.

Imports nothing here, so that `--help` can list `demo.faults.FAULTS` for next to nothing.
"""
