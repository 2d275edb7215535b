"""What the processes of a stack find in their environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

from infra.local.ports import LOOPBACK

#: Variables that would make a client library talk to another server than ours, or in another way.
_FOREIGN_PREFIXES = ("AWS_", "PG", "RCLONE_", "GUNICORN_")


def inherit(settings: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what would lead a process away from this stack, and with these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN_PREFIXES)}
    # A proxy is for the world outside; everything of ours is on loopback.
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), LOOPBACK, "localhost"]))
    return {**kept, "NO_PROXY": no_proxy, "no_proxy": no_proxy, "PYTHONUNBUFFERED": "1", **settings}
