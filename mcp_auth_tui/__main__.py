"""Knows that ``python -m mcp_auth_tui`` is the command line; must not know more."""

import sys

from mcp_auth_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
