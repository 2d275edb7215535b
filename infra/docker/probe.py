"""The containers' health check: `probe.py http://HOST:PORT/PATH`, or `probe.py link:PORT`. Status 0 means healthy."""

from __future__ import annotations

import http.client
import sys
from pathlib import Path
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 4
_ESTABLISHED = "01"


def main(target: str) -> int:
    """Returns 0 if the address answers with 200, or this container has a link to the port; else 1."""
    scheme, _, rest = target.partition(":")
    is_healthy = has_link(int(rest)) if scheme == "link" else answers(target)
    return 0 if is_healthy else 1


def answers(url: str) -> bool:
    """Whether a GET is answered with 200. No proxy is used, whatever the environment says."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def has_link(port: int) -> bool:
    """Whether some process of this container holds an open TCP connection to a port of another machine."""
    rows = [row.split() for table in ("tcp", "tcp6") for row in _read_lines(Path("/proc/net", table))[1:]]
    return any(row[2].endswith(f":{port:04X}") and row[3] == _ESTABLISHED for row in rows)


def _read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
