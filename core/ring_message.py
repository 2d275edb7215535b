"""A ring, byte for byte as Celery's own producer writes a message for a task into a list of Redis."""

from __future__ import annotations

import base64
import json
import os
import socket
from functools import cache
from typing import Any
from uuid import uuid4

#: What a task may be told to do after it; never anything of ours.
_EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def build_ring(queue: str, task: str, details: dict[str, str]) -> str:
    """The message that calls `task` with `details` as its keyword arguments."""
    ring_id = str(uuid4())
    body = json.dumps([[], details, _EMBEDDED]).encode()
    message = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": _headers(ring_id, task, details),
        "properties": {
            "correlation_id": ring_id,
            "reply_to": _process_id(),
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
        },
    }
    return json.dumps(message)


def _headers(ring_id: str, task: str, details: dict[str, str]) -> dict[str, Any]:
    return {
        "lang": "py",
        "task": task,
        "id": ring_id,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": ring_id,
        "parent_id": None,
        "argsrepr": "()",
        "kwargsrepr": repr(details),
        "origin": f"gen{os.getpid()}@{socket.gethostname()}",
        "ignore_result": True,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }


@cache
def _process_id() -> str:
    """Where answers would go; a ring has none."""
    return str(uuid4())
