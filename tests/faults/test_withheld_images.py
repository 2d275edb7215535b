"""A model whose safety checker objects: what the sender gets, through every process and over HTTP."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.models_file import write_section
from core.catalog import load_catalog
from infra.local import LocalStack
from tests.acceptance.customer import Customer, open_account
from tests.conftest import REPOSITORY
from tests.faults.checker import checking
from tests.faults.service import SETTINGS
from tests.rendering.content_filters.checkers import build_checked_model, noted_inputs, object_to
from tests.warm.start_warm import start_warm
from worker.rendering.drawing import Drawing
from worker.rendering.models import Models
from worker.rendering.render import render_images

REQUEST: dict[str, Any] = {
    "prompt": "a red mug",
    "width": 64,
    "height": 64,
    "num_inference_steps": 3,
    "guidance_scale": 3.0,
}
SEEDS = (7, 8, 9)
WITHHELD = 8


@pytest.fixture(scope="module")
def customer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customer]:
    """A customer of a service whose model objects to what it draws from one of the seeds."""
    folder = tmp_path_factory.mktemp("checked")
    build_checked_model("sd15", folder / "checked")
    text = (REPOSITORY / "models.toml").read_text()
    picturebook = "[models.picturebook]" + text.partition("[models.picturebook]")[2].partition("\n[models.")[0]
    picturebook = picturebook.replace('"demo_model/', f'"{REPOSITORY}/demo_model/')
    (folder / "models.toml").write_text(picturebook + write_section("checked", "checked"))
    _let_it_object(folder)
    environment = {**SETTINGS, "MODELS_FILE": str(folder / "models.toml")}
    with (
        LocalStack(environment=environment, start_process=start_warm) as stack,
        open_account(stack, "withheld") as customer,
        checking(stack.environment) as checker,
    ):
        yield customer
        assert checker.list_violations() == []


def _let_it_object(folder: Path) -> None:
    models = Models(load_catalog(folder / "models.toml"), device="cpu", budget_bytes=2**31)
    model = models.load("checked")
    checker = model.pipeline.safety_checker
    with noted_inputs(checker) as inputs:
        render_images(
            model, Drawing({**REQUEST, "scheduler": "own", "negative_prompt": ""}, SEEDS), on_step=lambda _: None
        )
    object_to(checker, inputs, {SEEDS.index(WITHHELD)})
    checker.save_pretrained(folder / "checked" / "safety_checker")
    models.close()


@pytest.mark.slow
def test_a_withheld_image_on_its_way(customer: Customer) -> None:
    """F68: the job of three seeds succeeds with two pictures; that of the one seed fails at its first attempt."""
    three = customer.submit(model="checked", num_images=3, seed=SEEDS[0], **REQUEST)
    one = customer.submit(model="checked", seed=WITHHELD, **REQUEST)

    delivered = customer.wait_until_finished(three)
    assert delivered["status"] == "succeeded", delivered["failure"]
    assert [output["content_filtered"] for output in delivered["outputs"]] == [False, True, False]
    assert delivered["outputs"][1]["url"] is None
    for output in (delivered["outputs"][0], delivered["outputs"][2]):
        assert np.asarray(Image.open(io.BytesIO(customer.download(output)))).max() > 0
    assert "the model's content filter withheld 1 of 3 images (content_filtered)" in delivered["warnings"]

    withheld = customer.wait_until_finished(one)
    assert (withheld["status"], withheld["outputs"], withheld["attempts"]) == ("failed", [], 1)
    assert withheld["failure"]["code"] == "content_filtered"
    assert customer.http.get(f"/v1/jobs/{one['id']}/preview").status_code == 404
