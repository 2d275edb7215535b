"""`python -m bench.queue.peers.brpop URL LIST FILE`: the floor of a hand-off, a process that waits in BRPOP.

Writes each key it receives to the file, with the moment in nanoseconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import redis


def main() -> None:
    """Run until killed."""
    url, name, path = sys.argv[1:]
    client = redis.Redis.from_url(url, socket_timeout=None)
    with Path(path).open("a", buffering=1, encoding="ascii") as file:
        while True:
            popped = client.brpop([name], timeout=60)
            got_at = time.monotonic_ns()
            if popped is not None:
                key = popped[1]
                assert isinstance(key, bytes)
                file.write(f"{key.decode()} {got_at}\n")


if __name__ == "__main__":
    main()
