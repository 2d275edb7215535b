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
    return override(kept, {"NO_PROXY": no_proxy, "no_proxy": no_proxy, "PYTHONUNBUFFERED": "1", **settings})


def override(environment: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The environment with these settings, and without the files that it names for any of them: a setting given twice is
    refused.
    """
    files = {f"{name}_FILE" for name in settings}
    return {**{name: value for name, value in environment.items() if name not in files}, **settings}
