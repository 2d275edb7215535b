"""Models that draw with neither prompt nor picture, and models that draw one size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from core.catalog import Catalog
from core.catalog.schedulers import list_schedulers
from core.errors import InvalidCatalog
from core.jobs.request.parameter_schema import describe_parameters
from tests.unit.test_tasks import load, refuse, resolve

pytestmark = pytest.mark.usefixtures("every_kind")

UNET: dict[str, Any] = {"sample_size": 64, "num_class_embeds": 10}


def load_unconditional(folder: Path, unet: dict[str, Any] = UNET, **fields: Any) -> Catalog:
    (folder / "weights" / "unet").mkdir(parents=True)
    (folder / "weights" / "model_index.json").write_text(json.dumps({"_class_name": "NothingGivenPipeline"}))
    (folder / "weights" / "unet" / "config.json").write_text(json.dumps(unet))
    return load(folder, "NothingGivenPipeline", tasks=["unconditional"], **fields)


def test_a_request_gives_nothing(tmp_path: Path) -> None:
    """It need not name the task; a prompt or a picture is refused."""
    catalog = load_unconditional(tmp_path)

    resolved = resolve(catalog, prompt=None, steps=4, num_images=2)

    assert resolved.task == "unconditional"
    assert "prompt" not in resolved.parameters
    assert resolved.cost == pytest.approx(64 * 64 * 4 * 2 / 1e6)
    assert refuse(catalog) == {"prompt": "one has no such parameter for unconditional"}
    assert refuse(catalog, prompt=None, task="unconditional", image="art_1") == {"image": "is not for unconditional"}
    assert refuse(catalog, prompt=None, image="art_1") == {"image": "one has no image-to-image; it has unconditional"}


@pytest.mark.parametrize("named", [{}, {"width": 64}, {"width": 64, "height": 64}])
def test_the_size_is_the_models_own(tmp_path: Path, named: dict[str, Any]) -> None:
    """Left out or named rightly; another one is refused by its field."""
    catalog = load_unconditional(tmp_path)

    parameters = resolve(catalog, prompt=None, **named).parameters

    assert (parameters["width"], parameters["height"]) == (64, 64)
    for side in ("width", "height"):
        assert refuse(catalog, prompt=None, **named | {side: 128}) == {
            side: "is 64: it follows from the model, which draws one size, so leave it out"
        }


def test_the_schema_says_all_of_it(tmp_path: Path) -> None:
    """Nothing is required, one size is accepted, and the classes are those of the model."""
    schema = describe_parameters(load_unconditional(tmp_path), "one")["unconditional"]

    assert schema["required"] == []
    accepted: list[dict[str, Any]] = [{}, {"width": 64}, {"class_labels": 9, "task": "unconditional"}]
    refused: list[dict[str, Any]] = [{"width": 128}, {"class_labels": 10}, {"prompt": "a mug"}]
    for body in accepted:
        jsonschema.validate(body, schema)
    for body in refused:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(body, schema)


@pytest.mark.parametrize(
    ("unet", "label", "errors", "warnings"),
    [
        (UNET, 9, {}, []),
        (UNET, 10, {"class_labels": "this model allows at most 9"}, []),
        (UNET, -1, {"class_labels": "Input should be greater than or equal to 0"}, []),
        ({"sample_size": 64}, 3, {}, ["class_labels has no effect with this model, which has no classes"]),
    ],
)
def test_a_class_is_one_of_the_models(
    tmp_path: Path, unet: dict[str, Any], label: int, errors: dict[str, str], warnings: list[str]
) -> None:
    """From 0 on; a model without classes says so."""
    catalog = load_unconditional(tmp_path, unet)
    if errors:
        assert refuse(catalog, prompt=None, class_labels=label) == errors
    else:
        resolved = resolve(catalog, prompt=None, class_labels=label)
        assert (resolved.parameters["class_labels"], resolved.warnings) == (label, warnings)


@pytest.mark.parametrize(
    ("folder", "drawn"),
    [
        ({"unet": {"sample_size": 32}}, "32 x 32"),
        ({"unet": {"sample_size": [32, 64]}}, "64 x 32"),
        ({"unet": {"sample_size": 64}, "vqvae": {"block_out_channels": [8, 8, 8]}}, "256 x 256"),
        ({"transformer": {"sample_size": 32}, "vae": {"block_out_channels": [8, 8, 8, 8]}}, "256 x 256"),
    ],
)
def test_a_section_names_the_models_own_size(tmp_path: Path, folder: dict[str, Any], drawn: str) -> None:
    """Another one is no model of it: latents count as many pixels as the autoencoder makes of them."""
    for component, content in folder.items():
        (tmp_path / "weights" / component).mkdir(parents=True)
        (tmp_path / "weights" / component / "config.json").write_text(json.dumps(content))
    (tmp_path / "weights" / "model_index.json").write_text("{}")

    with pytest.raises(
        InvalidCatalog, match=rf"models\.one\.default_width: this model draws {drawn}, and no other size"
    ):
        load(tmp_path, "NothingGivenPipeline", tasks=["unconditional"])


def test_a_class_that_scales_nothing_has_its_own_scheduler(tmp_path: Path) -> None:
    """However its model was trained, and no section may say otherwise; the other classes have those of their training."""
    trained = {"prediction_type": "epsilon"}
    with pytest.raises(
        InvalidCatalog, match=r"schedulers: NothingGivenPipeline does not draw with euler, only with own"
    ):
        load_unconditional(tmp_path, schedulers=["own", "euler"])

    assert list_schedulers(trained, "NothingGivenPipeline") == ("own",)
    assert "euler" in list_schedulers(trained, "PlainPipeline")
