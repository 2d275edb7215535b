"""A job as fal's queue hands it out: its result, or its error, and what its webhooks send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.artifacts.capability import build_output_link
from core.jobs.failures import FailureCode
from core.jobs.status import JobStatus

#: The owner of every model there.
OWNER = "darkroom"


class FalFailure(NamedTuple):
    """An error of fal's."""

    status: int
    type: str
    message: str
    #: The field that the model refuses; empty: it is not known which; None: it is no fault of the request's.
    field: str | None = None

    def build_body(self) -> dict[str, Any]:
        """What a request is answered with."""
        if self.field is None:
            return {"detail": self.message, "error_type": self.type}
        loc = ["body", self.field] if self.field else ["body"]
        return {"detail": [{"loc": loc, "msg": self.message, "type": self.type}]}


#: By failure code: status, type, and the field that is at fault. All others are 500.
_FAILURES = {
    FailureCode.CONTENT_FILTERED: (422, "content_policy_violation", "prompt"),
    FailureCode.INVALID_REQUEST: (422, "invalid_request", ""),
    FailureCode.PICTURE_NOT_FETCHED: (422, "file_download_error", "image_url"),
    FailureCode.START_DEADLINE_EXCEEDED: (504, "request_timeout", None),
    FailureCode.DEADLINE_EXCEEDED: (504, "request_timeout", None),
    FailureCode.MODEL_UNAVAILABLE: (503, "runner_scheduling_failure", None),
    FailureCode.LEASE_EXPIRED: (503, "runner_disconnected", None),
}

_OTHERS = (500, "runner_server_error", None)


def show_result(job: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the result of a job that has succeeded. Its images have addresses on our own host that need no key."""
    images = [
        {
            "url": build_output_link(output["id"], output["media_type"]),
            "width": output["width"],
            "height": output["height"],
            "content_type": output["media_type"],
            "file_size": output["byte_size"],
            "seed": output["seed"],
        }
        for output in job["outputs"]
        if output["id"] is not None and output["deleted_at"] is None
    ]
    return {
        "images": images,
        "timings": {"inference": measure_render(job)},
        "seed": job["request"].get("seed", job["outputs"][0]["seed"] if job["outputs"] else None),
        "has_nsfw_concepts": [False] * len(images),
        "prompt": job["request"].get("prompt"),
    }


def describe_failure(job: Mapping[str, Any]) -> FalFailure | None:
    """Returns the error of a job that has failed or was cancelled; None: it is not one of these."""
    if job["status"] == JobStatus.CANCELLED:
        return FalFailure(499, "client_cancelled", "The request was cancelled.")
    failure = job["failure"]
    if failure is None:
        return None
    status, type_, field = _FAILURES.get(FailureCode(failure["code"]), _OTHERS)
    return FalFailure(status, type_, f"{failure['code']}: {failure['message']}", field)


def show_webhook(job: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the body of the webhook of a job that has ended."""
    failure = describe_failure(job)
    ids = {"request_id": job["id"], "gateway_request_id": job["id"]}
    if failure is None:
        return ids | {"status": "OK", "error": None, "payload": show_result(job)}
    return ids | {"status": "ERROR", "error": failure.message, "payload": failure.build_body()}


def measure_render(job: Mapping[str, Any]) -> float | None:
    """Returns the seconds that it was rendered for; None: it was not."""
    timings = job["timings"]
    return None if timings is None else timings["render_ms"] / 1000
