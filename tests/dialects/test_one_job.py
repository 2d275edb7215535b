"""One job, submitted through each dialect and read through every other one, by the service as it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import list_jobs

pytestmark = pytest.mark.slow

_SMALL: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 1}

#: By dialect: how a job is sent there, with a prompt and other parameters. Those of OpenAI, A1111 and Hugging Face wait for it.
SENDS: dict[str, Callable[[str, dict[str, Any]], tuple[str, Any]]] = {
    "openai": lambda prompt, more: ("/openai/v1/images/generations", {"prompt": prompt, **more}),
    "a1111": lambda prompt, more: ("/a1111/sdapi/v1/txt2img", {"prompt": prompt, **more}),
    "huggingface": lambda prompt, more: (
        "/huggingface/models/picturebook",
        {"inputs": prompt, "parameters": more},
    ),
    "replicate": lambda prompt, more: (
        "/replicate/v1/predictions",
        {"version": "darkroom/picturebook", "input": {"prompt": prompt, **more}},
    ),
    "fal": lambda prompt, more: ("/fal/darkroom/picturebook", {"prompt": prompt, **more}),
    "runpod": lambda prompt, more: ("/runpod/v2/picturebook/run", {"input": {"prompt": prompt, **more}}),
}


def _read_openai(customer: Customer, id_: str) -> Any:
    return customer.http.get(f"/openai/v1/images/generations/{id_}").json()["status"]


def _read_a1111(customer: Customer, id_: str) -> Any:
    return customer.http.post("/a1111/internal/progress", json={"id_task": id_}).json()["status"]


def _read_huggingface(customer: Customer, id_: str) -> Any:
    return customer.http.get(f"/huggingface/models/picturebook/jobs/{id_}").status_code


def _read_replicate(customer: Customer, id_: str) -> Any:
    return customer.http.get(f"/replicate/v1/predictions/{id_}").json()["status"]


def _read_fal(customer: Customer, id_: str) -> Any:
    shown = customer.http.get(f"/fal/darkroom/picturebook/requests/{id_}/status").json()
    return shown.get("error_type", shown["status"])


def _read_runpod(customer: Customer, id_: str) -> Any:
    return customer.http.get(f"/runpod/v2/picturebook/status/{id_}").json()["status"]


READS = (_read_openai, _read_a1111, _read_huggingface, _read_replicate, _read_fal, _read_runpod)

#: In the order of the reads.
QUEUED = ("queued", "queued", 503, "starting", "IN_QUEUE", "IN_QUEUE")
CANCELLED = ("cancelled", "cancelled", 409, "canceled", "client_cancelled", "CANCELLED")
LATE = ("expired", "failed", 504, "canceled", "request_timeout", "TIMED_OUT")
DRAWN = ("completed", "succeeded", 200, "succeeded", "COMPLETED", "COMPLETED")


def test_every_dialect_reads_the_jobs_of_all(customer: Customer, paused: Callable[[], None]) -> None:
    """Queued, cancelled, too late, and with its image; and a client that waited has that as its answer."""
    kinds: dict[str, dict[str, Any]] = {"waits": {}, "cancelled": {}, "late": {"start_deadline_seconds": 5}}
    with ThreadPoolExecutor(len(SENDS) * len(kinds)) as pool:
        sent: dict[tuple[str, str], Future[httpx2.Response]] = {}
        for sender, build in SENDS.items():
            for kind, more in kinds.items():
                path, body = build(f"{kind} of {sender}", _SMALL | more)
                sent[sender, kind] = pool.submit(customer.http.post, path, json=body)
        jobs = _wait_for_jobs(customer, len(sent))

        def read(kind: str) -> dict[str, tuple[Any, ...]]:
            ids = {sender: jobs[f"{kind} of {sender}"]["id"] for sender in SENDS}
            return {sender: tuple(read(customer, id_) for read in READS) for sender, id_ in ids.items()}

        for sender in SENDS:
            customer.cancel(jobs[f"cancelled of {sender}"])
        assert read("waits") == dict.fromkeys(SENDS, QUEUED)
        assert read("cancelled") == dict.fromkeys(SENDS, CANCELLED)
        for sender in SENDS:
            customer.wait_until_finished(jobs[f"late of {sender}"])
        assert read("late") == dict.fromkeys(SENDS, LATE)
        paused()
        for sender in SENDS:
            customer.wait_until_finished(jobs[f"waits of {sender}"])
        assert read("waits") == dict.fromkeys(SENDS, DRAWN)
        statuses = {key: answer.result().status_code for key, answer in sent.items()}
    waiting = ("openai", "a1111", "huggingface")
    assert [statuses[sender, "waits"] for sender in waiting] == [200, 200, 200]
    # The others' answers may have begun before.
    assert statuses["huggingface", "cancelled"] == 409


def _wait_for_jobs(customer: Customer, count: int) -> dict[str, dict[str, Any]]:
    """The customer's jobs by their prompts, once so many are there."""
    deadline = time.monotonic() + 30
    while len(jobs := list_jobs(customer)) < count:
        assert time.monotonic() < deadline, "not everything was submitted"
        time.sleep(0.1)
    return {job["request"]["prompt"]: job for job in jobs}
