"""Messages that no release of ours has sent."""

from __future__ import annotations

import base64
import json
import pickle
from typing import Any
from uuid import uuid4

from core.doorbell import RENDER_NEXT, render_queue

QUEUE = render_queue("default")


class Exploit:
    """What a pickle can do to whoever reads it: end the process."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os._exit, (9,)


def message(*, body: bytes, content_type: str = "application/json", task: str = RENDER_NEXT) -> bytes:
    """A message as kombu puts it into a list."""
    delivery = {"exchange": "", "routing_key": QUEUE}
    properties = {"delivery_tag": str(uuid4()), "delivery_mode": 2, "delivery_info": delivery, "priority": 0}
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8" if content_type == "application/json" else "binary",
            "content-type": content_type,
            "headers": {"id": str(uuid4()), "task": task, "lang": "py", "argsrepr": "()", "kwargsrepr": "{}"},
            "properties": properties | {"body_encoding": "base64"},
        }
    ).encode()


GARBAGE = {
    "no JSON at all": b"\xff\xfe garbage",
    "JSON of another kind": b'["a", "list"]',
    "an envelope without properties": b'{"body": "e30="}',
    "a body that is no JSON": message(body=b"\x00\x01"),
    "a pickle": message(body=pickle.dumps(([], Exploit(), {})), content_type="application/x-python-serialize"),
    "a task that nobody knows": message(body=b"[[], {}, {}]", task="tasks.of_another_release"),
    "a task of another worker": message(body=b"[[], {}, {}]", task="sweep"),
    "arguments of another release": message(body=b'[[1, 2], {"job_id": 3}, {}]'),
    "a body of another shape": message(body=b'"text"'),
}
