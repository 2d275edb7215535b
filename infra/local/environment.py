"""The environment of the processes of a stack."""

from __future__ import annotations

import os
from collections.abc import Mapping

from infra.local.ports import LOOPBACK

#: Variables that would make a client library use another server, or another way to reach ours.
_FOREIGN_PREFIXES = ("AWS_", "S3_SESSION_TOKEN", "PG", "RCLONE_", "GUNICORN_")


def inherit(settings: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without variables that point to other servers, and with these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN_PREFIXES)}
    # Everything of the stack is on loopback, where no proxy is needed.
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), LOOPBACK, "localhost"]))
    return {**kept, "NO_PROXY": no_proxy, "no_proxy": no_proxy, "PYTHONUNBUFFERED": "1", **settings}
