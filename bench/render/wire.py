"""The format in which each server takes a job and returns its image."""

from __future__ import annotations

import base64
import json

from bench.render.jobs import Job
from bench.render.systems import Wire


def write_request(wire: Wire, job: Job) -> bytes:
    """The body of the POST."""
    fields = job.to_json()
    bodies = {"job": fields, "job-field": {"job": fields}, "list": {"jobs": [fields]}}
    return json.dumps(bodies[wire]).encode()


def read_answer(wire: Wire, body: bytes) -> bytes:
    """The PNG in the answer's body."""
    if wire == "list":
        return base64.b64decode(json.loads(body)[0])
    return body
