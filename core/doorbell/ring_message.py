"""A ring, byte for byte as Celery's own producer writes a message for a task into a list of Redis."""

from __future__ import annotations

import base64
import json
import os
import socket
from functools import cache

from core.ids import new_id

#: What a message may ask Celery to run after its task; ours never do.
_EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def build_ring(queue: str, task: str, details: dict[str, str]) -> str:
    """The message that calls `task` with `details` as its keyword arguments."""
    body = json.dumps([[], details, _EMBEDDED]).encode()
    return _template(queue, task, os.getpid()) % {
        "body": base64.b64encode(body).decode(),
        "id": new_id(),
        "tag": new_id(),
        "arguments": json.dumps(repr(details))[1:-1],
    }


@cache
def _template(queue: str, task: str, process: int) -> str:
    """The part that is the same in all messages of a process for a task: building it takes longer than the rest
    together.
    """
    message = {
        "body": "%(body)s",
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": _as_it_is(task),
            "id": "%(id)s",
            "shadow": None,
            "eta": None,
            "expires": None,
            "group": None,
            "group_index": None,
            "retries": 0,
            "timelimit": [None, None],
            "root_id": "%(id)s",
            "parent_id": None,
            "argsrepr": "()",
            "kwargsrepr": "%(arguments)s",
            "origin": _as_it_is(f"gen{process}@{socket.gethostname()}"),
            "ignore_result": True,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
        },
        "properties": {
            "correlation_id": "%(id)s",
            # Where answers would go; a ring has none.
            "reply_to": str(new_id()),
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": _as_it_is(queue)},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": "%(tag)s",
        },
    }
    return json.dumps(message)


def _as_it_is(text: str) -> str:
    return text.replace("%", "%%")
