"""Encoding, schedulers, failures and draining: the parts of a render that need no database."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
import torch
from PIL import Image

from core.catalog import load_catalog
from core.catalog.schedulers import DIFFUSION_SCHEDULERS, SCHEDULER_NAMES
from core.errors import StorageUnavailable
from core.jobs.failures import FailureCode
from tests.conftest import REPOSITORY
from tests.rendering.models.drawing import REQUEST
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable, RequestRefused, describe_failure
from worker.rendering.images.encode import encode_image
from worker.rendering.models import Models
from worker.rendering.pipelines import build_scheduler
from worker.rendering.process.drain import Drain
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd


@pytest.fixture(scope="module")
def models() -> Models:
    """The shipped models on the CPU."""
    return Models(load_catalog(REPOSITORY / "models.toml"), device="cpu")


def request(**changes: object) -> dict[str, object]:
    return {**REQUEST, **changes}


@pytest.mark.parametrize(("output_format", "tolerance"), [("png", 0), ("jpeg", 12), ("webp", 24)])
def test_an_encoded_image_shows_the_same_pixels(output_format: str, tolerance: int) -> None:
    """PNG keeps every pixel, JPEG and WebP nearly do; the sha256 is that of the bytes."""
    rows, columns = np.mgrid[0:64, 0:96]
    pixels = np.stack([rows * 4 % 256, columns * 2, (rows + columns)], axis=-1).astype(np.uint8)

    encoded = encode_image(Image.fromarray(pixels), output_format)

    decoded = np.asarray(Image.open(io.BytesIO(encoded.body))).astype(int)
    assert np.abs(decoded - pixels).max() <= tolerance
    assert (encoded.width, encoded.height) == (96, 64)
    assert encoded.sha256 == hashlib.sha256(encoded.body).hexdigest()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (torch.OutOfMemoryError(), FailureCode.OUT_OF_MEMORY),
        (MemoryError(), FailureCode.OUT_OF_MEMORY),
        (StorageUnavailable("secret address"), FailureCode.STORAGE_UNAVAILABLE),
        (ModelUnavailable(), FailureCode.MODEL_UNAVAILABLE),
        (RequestRefused(), FailureCode.INVALID_REQUEST),
        (ZeroDivisionError("secret detail"), FailureCode.INTERNAL),
    ],
)
def test_every_error_has_a_code_and_keeps_its_secrets(error: Exception, code: FailureCode) -> None:
    """Foreign errors become our codes, and their texts do not reach the client."""
    failure = describe_failure(error)

    assert failure.code == code
    assert "secret" not in failure.message


@pytest.mark.parametrize("scheduler", DIFFUSION_SCHEDULERS)
def test_every_scheduler_draws(models: Models, scheduler: str) -> None:
    """Each scheduler that the catalog can name is built from the model's own and draws a picture."""
    [image] = render_images(
        models.load("picturebook"), Drawing(request(scheduler=scheduler), seeds=[1]), on_step=lambda _: None
    ).images

    assert image.size == (64, 64)


#: These call the denoiser more than once for a step.
_OF_SEVERAL_CALLS = {"heun", "kdpm2", "kdpm2_ancestral", "pndm"}


@pytest.mark.parametrize("scheduler", sorted(set(DIFFUSION_SCHEDULERS) - _OF_SEVERAL_CALLS))
def test_a_scheduler_takes_the_steps_it_was_asked_for(models: Models, scheduler: str) -> None:
    """For every number of steps that a job can request there are as many timesteps, none of them below zero."""
    own = models.load("picturebook").pipeline.scheduler

    for steps in range(1, 101):
        built = build_scheduler(scheduler, own)
        built.set_timesteps(steps)
        assert len(built.timesteps) == steps
        assert built.timesteps.min() >= 0
        if hasattr(built, "sigmas"):
            assert len(built.sigmas) == steps + 1


def test_the_catalog_names_only_schedulers_that_exist() -> None:
    """A worker can build every scheduler that a job can request."""
    catalog = load_catalog(REPOSITORY / "models.toml")

    assert {name for entry in catalog.models.values() for name in entry.schedulers} <= SCHEDULER_NAMES


def test_a_render_stops_at_the_step_that_says_so(models: Models) -> None:
    """An error raised at a step ends the render there, and does not affect the next render."""
    steps = []

    def stop_at_three(end: StepEnd) -> None:
        steps.append(end.step)
        if end.step == 3:
            raise KeyError("enough")

    model = models.load("picturebook")
    with pytest.raises(KeyError):
        render_images(model, Drawing(request(num_inference_steps=10), seeds=[1]), on_step=stop_at_three)
    assert steps == [1, 2, 3]
    assert len(render_images(model, Drawing(request(), seeds=[1, 2]), on_step=lambda _: None).images) == 2


def test_a_render_does_not_depend_on_the_one_before(models: Models) -> None:
    """The same request and seed give the same pixels, whatever scheduler and guidance another job uses in between."""
    model = models.load("picturebook")

    def render(**changes: object) -> bytes:
        return render_images(model, Drawing(request(**changes), seeds=[1]), on_step=lambda _: None).images[0].tobytes()

    first = render()
    render(scheduler="euler_ancestral", guidance_scale=9.0, num_inference_steps=5)
    assert render() == first


def test_a_request_that_the_pipeline_refuses_is_the_clients_fault(models: Models) -> None:
    """A request that only the pipeline can refuse is invalid_request, not an internal error."""
    with pytest.raises(RequestRefused):
        render_images(models.load("picturebook"), Drawing(request(width=60), seeds=[1]), on_step=lambda _: None)


def test_a_broken_folder_is_model_unavailable(tmp_path: object) -> None:
    """A model without its files fails its job, and the message has no paths."""
    catalog = load_catalog(REPOSITORY / "models.toml").model_copy(update={"folder": tmp_path})

    with pytest.raises(ModelUnavailable) as caught:
        Models(catalog, device="cpu").load("picturebook")
    assert str(tmp_path) not in caught.value.message


def test_the_receipts_hashes_are_of_the_weights(models: Models) -> None:
    """A loaded model knows the sha256 of every weights file."""
    folder = REPOSITORY / "demo_model/weights"
    hashes = models.load("picturebook").file_sha256

    assert hashes
    for name, digest in hashes.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_draining_begins_before_it_is_over() -> None:
    """A drain with time left claims nothing and lets jobs run; one without stops them."""
    patient, hurried = Drain(), Drain()
    assert (patient.has_begun, patient.is_over) == (False, False)
    patient.begin(3600)
    hurried.begin(0)
    hurried.begin(3600)
    assert (patient.has_begun, patient.is_over) == (True, False)
    assert (hurried.has_begun, hurried.is_over) == (True, True), "a second signal does not postpone the end"
    patient.begin(0)
    assert patient.is_over, "but it may bring it forward"
