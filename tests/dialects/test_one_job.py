"""One job, submitted through one dialect and read through every other one, in each of its states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.customer import Customer

pytestmark = pytest.mark.slow

_SMALL: dict[str, Any] = {"prompt": "a red mug", "width": 64, "height": 64, "num_inference_steps": 1}


def _submit_to_replicate(customer: Customer, **options: Any) -> Any:
    body = {"version": "darkroom/picturebook", "input": _SMALL | options}
    return customer.http.post("/replicate/v1/predictions", json=body).raise_for_status().json()["id"]


def _submit_to_fal(customer: Customer, **options: Any) -> Any:
    body = _SMALL | options
    return customer.http.post("/fal/darkroom/picturebook", json=body).raise_for_status().json()["request_id"]


def _submit_to_ours(customer: Customer, **options: Any) -> Any:
    return customer.submit(**(_SMALL | options))["id"]


SUBMITS = {"replicate": _submit_to_replicate, "fal": _submit_to_fal, "ours": _submit_to_ours}


def _read_openai(customer: Customer, id_: str) -> Any:
    return customer.http.get(f"/openai/v1/images/generations/{id_}").json()["status"]


def _read_a1111(customer: Customer, id_: str) -> Any:
    return customer.http.post("/a1111/internal/progress", json={"id_task": id_}).json()["status"]


def _read_replicate(customer: Customer, id_: str) -> Any:
    return customer.http.get(f"/replicate/v1/predictions/{id_}").json()["status"]


def _read_fal(customer: Customer, id_: str) -> Any:
    shown = customer.http.get(f"/fal/darkroom/picturebook/requests/{id_}/status").json()
    return shown.get("error_type", shown["status"])


READS = {"openai": _read_openai, "a1111": _read_a1111, "replicate": _read_replicate, "fal": _read_fal}


@pytest.mark.parametrize("sender", SUBMITS)
def test_every_dialect_reads_it(customer: Customer, paused: Callable[[], None], sender: str) -> None:
    """Queued, cancelled, too late, and with its image."""

    def read(id_: str) -> dict[str, Any]:
        return {name: read(customer, id_) for name, read in READS.items()}

    submit = SUBMITS[sender]
    queued, cancelled, late = submit(customer), submit(customer), submit(customer, start_deadline_seconds=1)
    customer.cancel({"id": cancelled})
    assert read(queued) == {"openai": "queued", "a1111": "queued", "replicate": "starting", "fal": "IN_QUEUE"}
    assert read(cancelled) == {
        "openai": "cancelled",
        "a1111": "cancelled",
        "replicate": "canceled",
        "fal": "client_cancelled",
    }
    customer.wait_until_finished({"id": late})
    assert read(late) == {"openai": "expired", "a1111": "failed", "replicate": "canceled", "fal": "request_timeout"}
    paused()
    customer.wait_until_finished({"id": queued})
    assert read(queued) == {"openai": "completed", "a1111": "succeeded", "replicate": "succeeded", "fal": "COMPLETED"}
