"""The client `openai`, unmodified: images from prompts and from images."""

from __future__ import annotations

import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow


@pytest.fixture
def openai(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "openai", "openai_calls")


def test_an_image_comes_back(openai: Sdk, customer: Customer) -> None:
    """The image is the job's output to the byte, and what is ours stands beside OpenAI's fields."""
    answer = openai.call(
        "generate", call={"prompt": "a red mug", "size": "64x64", "extra_body": {"steps": 1, "seed": 7}}
    )
    job = customer.read({"id": answer["job_id"]})
    assert answer["data"][0]["sha256"] == job["outputs"][0]["sha256"]
    assert (answer["seed"], answer["data"][0]["seed"], answer["size"]) == (7, 7, "64x64")
    assert answer["cost"] == pytest.approx(64 * 64 / 1e6)
