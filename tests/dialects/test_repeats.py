"""A render that outlasts its client, for each client that waits or polls by itself: one job, whose picture or true error it has."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs, wait_for_job
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow

_SIZE = {"width": 64, "height": 64}
_SMALL = {"prompt": "a red mug", "num_inference_steps": 1, "seed": 7}


@dataclass(frozen=True)
class Call:
    """A call of a published client."""

    environment: str
    function: str
    arguments: dict[str, Any]
    #: Has the client give up what it has heard nothing of for so long.
    impatience: dict[str, Any] = field(default_factory=dict)
    seconds: float = 1.5
    #: The status and the code of its error if the job is cancelled.
    cancelled: tuple[int, str] | None = None

    def build_sdk(self, service: Service, customer: Customer) -> Sdk:
        """The client, with the customer's key."""
        return build_sdk(service, customer, self.environment, f"{self.environment}_calls")


#: Those that hear nothing of a job for longer than they wait are sent to it again by themselves, or hear of it in time.
CALLS = {
    "openai": Call(
        "openai",
        "generate",
        {"call": {"prompt": "a red mug", "size": "64x64", "extra_body": {"steps": 1}}},
        {"options": {"timeout": 1.5, "max_retries": 0}},
        cancelled=(409, "cancelled"),
    ),
    "replicate 1": Call("replicate1", "run", {"input": _SMALL | _SIZE}, {"wait": 2}, seconds=2),
    "replicate 2": Call(
        "replicate2", "run", {"input": _SMALL | _SIZE}, {"options": {"timeout": 1.5, "max_retries": 0}}
    ),
    "fal's queue": Call(
        "fal", "subscribe", {"arguments": _SMALL | {"image_size": _SIZE}}, {"options": {"default_timeout": 1.5}}
    ),
    "fal's run": Call(
        "fal",
        "run",
        {"arguments": _SMALL | {"image_size": _SIZE}},
        {"timeout": 1.5},
        cancelled=(499, "client_cancelled"),
    ),
    "runpod": Call("runpod", "run_sync", {"call": _SMALL | _SIZE}, {"timeout": 5}, seconds=5),
}

#: The clients that send a call again by themselves when its connection breaks.
REPEATING = ("openai", "replicate 2", "fal's run")


def is_of(job: dict[str, Any], answer: Any) -> bool:
    """Whether the answer is the job's: it has its id, or its picture, or the address of that."""
    [output] = job["outputs"]
    return any(name in json.dumps(answer) for name in (job["id"], output["id"], output["sha256"]))


@pytest.mark.parametrize("name", CALLS)
def test_a_render_outlasts_the_clients_timeout(
    service: Service, customer: Customer, paused: Callable[[], None], name: str
) -> None:
    """The client waits a moment for each byte, and has a picture that takes several: one call, one job."""
    sdk = CALLS[name].build_sdk(service, customer)
    call = sdk.start(CALLS[name].function, **CALLS[name].arguments, **CALLS[name].impatience)
    job = wait_for_job(customer)
    time.sleep(CALLS[name].seconds + 2.5)
    paused()
    answer = sdk.finish(call)
    assert [each["id"] for each in list_jobs(customer)] == [job["id"]]
    assert is_of(customer.read(job), answer), answer


@pytest.mark.parametrize("name", REPEATING)
def test_a_repeat_after_a_broken_connection_renders_nothing_twice(
    service: Service, customer: Customer, paused: Callable[[], None], name: str
) -> None:
    """Whatever breaks between the client and the API: its repeat waits for the same job."""
    sdk = CALLS[name].build_sdk(service, customer)
    call = sdk.start(CALLS[name].function, **CALLS[name].arguments)
    job = wait_for_job(customer)
    service.proxy.cut()
    time.sleep(2)
    paused()
    answer = sdk.finish(call)
    assert [each["id"] for each in list_jobs(customer)] == [job["id"]]
    assert is_of(customer.read(job), answer), answer


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.cancelled])
def test_a_late_error_is_the_true_one(
    service: Service, customer: Customer, paused: Callable[[], None], name: str
) -> None:
    """What fails after its answer has begun is cut, and the client's own repeat has the error with its status: one job."""
    sdk = CALLS[name].build_sdk(service, customer)
    impatience = {"options": {"timeout": 1.5}} if name == "openai" else {}
    call = sdk.start(CALLS[name].function, **CALLS[name].arguments, **impatience)
    job = wait_for_job(customer)
    time.sleep(2)
    assert customer.cancel(job).status_code == 200
    error = sdk.finish(call)
    assert (error["status_code"], error.get("code") or error.get("error_type")) == CALLS[name].cancelled
    # Of a client that says how often it has sent the call.
    assert error["repeats"] == ("1" if name == "openai" else None)
    assert [each["id"] for each in list_jobs(customer)] == [job["id"]]
