"""`python -m bench.queue.peers.brpop URL LIST FILE`: the floor of a hand-off, a process that waits in BRPOP.

Writes what it got and when, in nanoseconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import redis


def main() -> None:
    """Until it is ended."""
    url, name, path = sys.argv[1:]
    client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=None)
    with Path(path).open("a", buffering=1, encoding="ascii") as file:
        while True:
            popped = client.brpop([name], timeout=60)
            got_at = time.monotonic_ns()
            if popped is not None:
                file.write(f"{popped[1]} {got_at}\n")


if __name__ == "__main__":
    main()
