"""What a model's own folder decides about its parameters: how deep its encoders are, and what it was distilled to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.models_file import write_section
from core.catalog import Catalog, Task, find_task_signature, load_catalog
from core.catalog.lock import Lock, LockedFile, LockedSource, write_lock
from core.errors import InvalidRequest
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request

COMMIT = "0123456789abcdef0123456789abcdef01234567"
EVERY_TASK: list[Task] = ["text-to-image", "image-to-image", "inpainting"]


def write_model(folder: Path, class_name: str, index: dict[str, Any] | None = None, **components: Any) -> None:
    """The configurations of a model without weights: `index` goes into the pipeline's own."""
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": class_name} | (index or {})))
    for name, configuration in components.items():
        (folder / name).mkdir()
        file = "scheduler_config.json" if name == "scheduler" else "config.json"
        (folder / name / file).write_text(json.dumps(configuration))


def load_model(folder: Path, class_name: str, index: dict[str, Any] | None = None, **components: Any) -> Catalog:
    """A catalog with that model alone, with as many of the tasks as its class has."""
    write_model(folder / "weights", class_name, index, **components)
    tasks = [task for task in EVERY_TASK if find_task_signature(class_name, task)]
    (folder / "models.toml").write_text(write_section("one", "weights", tasks=tasks))
    return load_catalog(folder / "models.toml")


def resolve(catalog: Catalog, **fields: Any) -> ResolvedRequest:
    return resolve_request(RenderRequest(prompt="a mug", **fields), catalog=catalog, default_model="one")


@pytest.mark.parametrize(
    ("class_name", "layers", "most"),
    [
        ("StableDiffusionPipeline", {"text_encoder": 3}, 3),
        ("StableDiffusionPipeline", {"text_encoder": 12}, 12),
        # More than any request may ask for.
        ("StableDiffusionPipeline", {"text_encoder": 23}, 12),
        ("StableDiffusionXLPipeline", {"text_encoder": 12, "text_encoder_2": 32}, 11),
        ("StableDiffusionXLPipeline", {"text_encoder": 12, "text_encoder_2": 4}, 3),
        ("StableDiffusion3Pipeline", {"text_encoder": 6, "text_encoder_2": 24}, 5),
    ],
)
def test_clip_skip_is_as_deep_as_the_encoders(
    tmp_path: Path, class_name: str, layers: dict[str, int], most: int
) -> None:
    """The schema says how many layers there are to leave out, for every task; one more is refused, with the field."""
    encoders = {name: {"num_hidden_layers": count} for name, count in layers.items()}
    catalog = load_model(tmp_path, class_name, **encoders)

    for schema in describe_parameters(catalog, "one").values():
        assert schema["properties"]["clip_skip"]["maximum"] == most
    assert resolve(catalog, clip_skip=most).parameters["clip_skip"] == most
    if most < 12:
        for pictures in ({}, {"image": "art_1"}, {"image": "art_1", "mask_image": "art_2"}):
            with pytest.raises(InvalidRequest, match=f"clip_skip: this model allows at most {most}"):
                resolve(catalog, clip_skip=most + 1, **pictures)


def test_a_model_that_is_not_here_decides_nothing(tmp_path: Path) -> None:
    """An API without the hub model's files takes what the field takes; once they are there, their depth counts."""
    section = write_section("one", "x", tasks=EVERY_TASK, pipeline="StableDiffusionPipeline")
    file = tmp_path / "models.toml"
    file.write_text(section.replace('source = "x"', 'source = { hub = "owner/one" }').replace('revision = "1"', ""))
    catalog = load_catalog(file, fetched_folder=tmp_path / "fetched")
    [source] = catalog.get("one").sources.values()
    locked = LockedSource(
        revision=COMMIT, files={"a.json": LockedFile(byte_size=1, sha256="0" * 64)}, fetched_at=datetime.now(UTC)
    )
    write_lock(catalog.lock_path, Lock(sources={source.key: locked}))  # type: ignore[union-attr]

    assert resolve(catalog, clip_skip=9).parameters["clip_skip"] == 9
    assert describe_parameters(catalog, "one")["text-to-image"]["properties"]["clip_skip"]["maximum"] == 12

    write_model(
        tmp_path / "fetched" / "owner--one" / COMMIT, "StableDiffusionPipeline", text_encoder={"num_hidden_layers": 3}
    )
    with pytest.raises(InvalidRequest, match="clip_skip: this model allows at most 3"):
        resolve(catalog, clip_skip=9)


def test_broken_configurations_decide_nothing(tmp_path: Path) -> None:
    """A folder that holds no JSON is the loader's trouble, not the request's."""
    catalog = load_model(tmp_path, "StableDiffusionPipeline", text_encoder=[1], unet={"time_cond_proj_dim": None})
    (tmp_path / "weights" / "unet" / "config.json").write_text("{")

    assert resolve(catalog, clip_skip=9).warnings == []


def test_a_schedule_with_two_ends_needs_two_steps(tmp_path: Path) -> None:
    """Where the model's schedule is stretched to end at a given noise (Qwen-Image), one step would be 0 / 0."""
    catalog = load_model(tmp_path, "QwenImagePipeline", scheduler={"shift_terminal": 0.02})

    steps = describe_parameters(catalog, "one")["text-to-image"]["properties"]["num_inference_steps"]
    assert steps["minimum"] == 2
    with pytest.raises(InvalidRequest, match="num_inference_steps: this model needs at least 2"):
        resolve(catalog, steps=1)
