"""Jobs that are drawn again are equal to the bit, and say so; what differs is said before they are drawn."""

from __future__ import annotations

import io
from typing import Any

import httpx2
import pytest
from PIL import Image
from sqlalchemy import text

from core.database import build_engine
from core.ids import parse_id
from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer
from tests.unit.pictures import png_uri


def _again(customer: Customer, job: dict[str, Any], how: str, **body: Any) -> dict[str, Any]:
    answer = customer.http.post(f"/v1/jobs/{job['id']}/{how}", json=body if how == "vary" else None)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def _change_receipt(stack: LocalStack, job: dict[str, Any], path: str, value: str) -> None:
    """As if the job had been drawn elsewhere."""
    engine = build_engine(stack.environment["DATABASE_URL"], pool_size=1)
    with engine.begin() as connection:
        connection.execute(
            text(
                "update jobs set receipt = jsonb_set(receipt, cast(:path as text[]), to_jsonb(cast(:value as text))) where id = :id"
            ),
            {"path": path, "value": value, "id": parse_id("job", job["id"])},
        )
    engine.dispose()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_replays_are_equal_to_the_bit(customer: Customer) -> None:
    """Half of them start from a picture; some draw two images, or with chance in each step."""
    sent: list[dict[str, Any]] = [
        SMALL
        | {"prompt": f"a mug, {number}", "num_inference_steps": 4, "deterministic": True, "num_images": 1 + number % 2}
        | {"scheduler": ("ddim", "euler_ancestral", "dpmpp_2m")[number % 3]}
        | ({"image": png_uri(64, 64), "strength": 0.7} if number < 10 else {})
        for number in range(20)
    ]
    jobs = customer.wait_until_all_finished([customer.submit(**each) for each in sent], seconds=250)
    assert {job["status"] for job in jobs} == {"succeeded"}
    replays = customer.wait_until_all_finished([_again(customer, job, "replay") for job in jobs], seconds=250)

    pictures: list[bytes] = []
    for job, replay in zip(jobs, replays, strict=True):
        assert replay["status"] == "succeeded"
        said = replay["replay"]
        assert (said["of"], said["differences"], said["checked_by"]) == (job["id"], [], "worker")
        assert (said["comparison"]["equal"], said["comparison"]["problem"]) == (True, None)
        assert len(said["comparison"]["images"]) == len(job["outputs"])
        for image, old, new in zip(said["comparison"]["images"], job["outputs"], replay["outputs"], strict=True):
            assert (image["equal"], image["psnr_db"]) == (True, None)
            assert image["pixels_sha256"] == image["pixels_sha256_then"]
            pictures.append(_pixels(customer.download(new)))
            assert pictures[-1] == _pixels(customer.download(old))
        receipts = [customer.http.get(f"/v1/jobs/{each['id']}/receipt").json() for each in (job, replay)]
        assert receipts[0]["request"] == receipts[1]["request"] == job["request"] == replay["request"]
        assert receipts[1]["replay"] == {name: said[name] for name in receipts[1]["replay"]}
    assert len(set(pictures)) == len(pictures) == 30


def test_the_worker_says_what_differs_before_it_draws(stack: LocalStack, customer: Customer) -> None:
    """Another library, weights, scheduler and number of threads (simulated); and the receipt of the replay says it as well."""
    job = customer.wait_until_finished(customer.submit(**SMALL, deterministic=True))
    for path, value in (
        ("{versions,diffusers}", "0.40.0"),
        ("{scheduler,config,beta_end}", "0.5"),
        ("{model,file_sha256,unet/other.safetensors}", "aa"),
        ("{model,revision}", "0"),
    ):
        _change_receipt(stack, job, path, value)

    replay = _again(customer, job, "replay")
    # What the API knows: the models file, and the libraries of the workers.
    assert [each["what"] for each in replay["replay"]["differences"]] == ["model.revision", "versions.diffusers"]
    with httpx2.Client(base_url=customer.http.base_url, headers=customer.http.headers, timeout=30) as http:
        events = [
            line for line in http.get(f"/v1/jobs/{replay['id']}/events").text.splitlines() if line.startswith("event: ")
        ]
    assert events[-1] == "event: finished"
    said = customer.read(replay)["replay"]

    assert said["checked_by"] == "worker"
    assert {each["what"]: each["then"] for each in said["differences"]} == {
        "model.revision": "0",
        "model.file_sha256.unet/other.safetensors": "aa",
        "scheduler.config.beta_end": "0.5",
        "versions.diffusers": "0.40.0",
    }
    assert said["comparison"]["equal"] is True


def test_a_variation_is_another_picture(customer: Customer) -> None:
    """With a seed of its own; with the seed and nothing else changed it is the same picture."""
    job = customer.wait_until_finished(customer.submit(**SMALL | {"num_inference_steps": 4}, deterministic=True))
    other = customer.wait_until_finished(_again(customer, job, "vary"))
    same = customer.wait_until_finished(_again(customer, job, "vary", seed=job["request"]["seed"]))

    first, second, third = (_pixels(customer.download(each["outputs"][0])) for each in (job, other, same))
    assert first != second
    assert first == third
    assert {each["replay"] for each in (job, other, same)} == {None}


def _pixels(body: bytes) -> bytes:
    with Image.open(io.BytesIO(body)) as image:
        return image.convert("RGB").tobytes()
