"""A person who takes their time: waits, then opens an address and follows it back (no page)."""

from __future__ import annotations

import sys
import time
from urllib.request import ProxyHandler, build_opener

if __name__ == "__main__":
    time.sleep(float(sys.argv[1]))
    with build_opener(ProxyHandler({})).open(sys.argv[2], timeout=20) as page:
        page.read()
