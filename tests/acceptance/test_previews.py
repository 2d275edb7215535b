"""A running job can be looked at."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

from tests.acceptance.customer import Customer


@pytest.mark.slow
def test_a_running_job_shows_what_it_is_going_to_be(customer: Customer) -> None:
    """While Picturebook still draws, the job has a small WebP that resembles the image it ends with."""
    job = customer.submit(
        "a large red mug on a yellow background",
        width=128,
        height=128,
        num_inference_steps=100,
        num_images=2,
        guidance_scale=2.0,
        seed=1,
    )
    previews = []
    while (job := customer.read(job))["status"] in {"queued", "running"}:
        response = customer.http.get(f"/v1/jobs/{job['id']}/preview")
        if response.status_code == 200 and response.content not in previews:
            previews.append(response.content)
        else:
            assert response.status_code == 200 or response.json()["code"] == "preview_not_found"
        time.sleep(0.1)

    assert job["status"] == "succeeded", job
    final = Image.open(io.BytesIO(customer.download(job["outputs"][0])))
    assert len(previews) >= 2
    assert max(len(preview) for preview in previews) <= 20_000
    pictures = [Image.open(io.BytesIO(preview)) for preview in previews]
    assert {(picture.format, picture.size) for picture in pictures} == {("WEBP", (128, 128))}
    assert _likeness(pictures[-1], final) > 0.9


def _likeness(picture: Image.Image, final: Image.Image) -> float:
    shown, expected = (np.asarray(image.convert("RGB").resize((32, 32)), dtype=float) for image in (picture, final))
    return float(np.corrcoef(shown.ravel(), expected.ravel())[0, 1])
