"""What a part of the stack has logged, as events."""

from __future__ import annotations

import json
from typing import Any

from infra.local.part import Part


def told(part: Part, event: str, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The part's log lines of this name about the job, in order, from all its starts."""
    lines = [json.loads(line) for line in part.log_path.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event and line.get("job_id") == job["id"]]
