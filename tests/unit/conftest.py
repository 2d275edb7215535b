"""Pipeline classes of every kind, in a table of their own: most kinds have one class of diffusers, which may change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.catalog import families, measured, signatures

_FAMILIES = """
[families.of-every-kind]
title = "Classes of every kind"
size_step = 16
tasks.text-to-image = "PlainPipeline"
tasks.image-to-image = "PlainPipeline"
tasks.inpainting = "PaintingPipeline"
tasks.edit = "EditingPipeline"
tasks.variation = "VaryingPipeline"
tasks.upscale = "EnlargingPipeline"
classes.EditingPipeline.inputs.image.most = 3
classes.EditingPipeline.prompt_is_optional = true
classes.EnlargingPipeline.enlarges = 4
classes.EnlargingPipeline.apart = "its noise is of another size for each picture"
controlled.text-to-image = "ControlledPipeline"
classes.ControlledPipeline.inputs.control_image.most = 2

[families.by-a-control-image]
title = "Classes that draw by a control image, whatever their signature says"
tasks.text-to-image = "GuidedByPicturePipeline"

[families.in-stages]
title = "Classes that draw in stages"
tasks.text-to-image = "StagedPipeline"
classes.StagedPipeline.steps = ["prior_num_inference_steps", "num_inference_steps"]

[families.in-other-stages]
title = "Classes whose stages have names of their own"
tasks.text-to-image = "OtherStagesPipeline"
classes.OtherStagesPipeline.steps = ["prior_num_inference_steps", "decoder_num_inference_steps"]

[families.of-one-size]
title = "Classes that draw one size"
tasks.text-to-image = "OneSizePipeline"
classes.OneSizePipeline.draws_pixels = 1_048_576

[families.without-a-prompt]
title = "Classes that draw with nothing to go by"
tasks.unconditional = "NothingGivenPipeline"
classes.NothingGivenPipeline.own_size = true
classes.NothingGivenPipeline.schedulers = []

[families.of-maps]
title = "Classes that measure a picture"
tasks.map = "MappingPipeline"
classes.MappingPipeline.maps = "depth"

[refused]
"it draws nothing at all" = ["NothingPipeline"]
"""

_PROMPT = {"prompt": ["text", None]}
_SIZE = {"height": ["integer", None], "width": ["integer", None]}
_STEPS = {"num_inference_steps": ["integer", 20]}
_IMAGE = {"image": ["image", None]}

_PARAMETERS = {
    "PlainPipeline": {**_PROMPT, **_SIZE, **_STEPS, **_IMAGE, "strength": ["number", 0.8]},
    "PaintingPipeline": {**_PROMPT, **_SIZE, **_STEPS, **_IMAGE, "mask_image": ["image", None]},
    "EditingPipeline": {**_PROMPT, **_SIZE, **_STEPS, **_IMAGE},
    "VaryingPipeline": {**_SIZE, **_STEPS, "image": ["image", None, True]},
    "EnlargingPipeline": {**_PROMPT, **_STEPS, **_IMAGE, "noise_level": ["integer", 20]},
    "ControlledPipeline": {**_PROMPT, **_SIZE, **_STEPS, "control_image": ["image", None]},
    "GuidedByPicturePipeline": {**_PROMPT, **_SIZE, **_STEPS, "control_image": ["image", None]},
    "StagedPipeline": {**_PROMPT, **_SIZE, **_STEPS, "prior_num_inference_steps": ["integer", 25]},
    "OtherStagesPipeline": {
        **_PROMPT,
        **_SIZE,
        "prior_num_inference_steps": ["integer", 25],
        "decoder_num_inference_steps": ["integer", 30],
    },
    "OneSizePipeline": {**_PROMPT, **_SIZE, **_STEPS},
    "MappingPipeline": {**_STEPS, "image": ["image", None, True]},
    "NothingGivenPipeline": {**_STEPS, "class_labels": ["integer", None]},
}


_MEASURED = {
    "PlainPipeline": {
        "text-to-image": {
            "is_batched": True,
            "resume": "supported",
            "has_preview": True,
            "draws_several": True,
            "largest_difference": 2e-7,
            "schedulers": "noise",
        }
    },
    "VaryingPipeline": {
        "variation": {
            "is_batched": True,
            "resume": "it keeps its noise in a place of its own",
            "has_preview": False,
            "draws_several": False,
            "largest_difference": 3e-6,
        }
    },
}


@pytest.fixture
def every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The table of families, their signatures and what was measured of them are these."""
    tables = [families._read_table, families._families_by_class, signatures._read_file, signatures._read_signatures]
    tables.append(measured._read_file)

    def forget() -> None:
        for table in tables:
            table.cache_clear()

    (tmp_path / "families.toml").write_text(_FAMILIES)
    classes = {name: {"step_rounding": "down", "parameters": each} for name, each in _PARAMETERS.items()}
    (tmp_path / "signatures.json").write_text(json.dumps({"schedulers_with_eta": [], "classes": classes}))
    (tmp_path / "measured.json").write_text(json.dumps(_MEASURED))
    monkeypatch.setattr(measured, "MEASURED_PATH", tmp_path / "measured.json")
    monkeypatch.setattr(families, "FAMILIES_PATH", tmp_path / "families.toml")
    monkeypatch.setattr(signatures, "SIGNATURES_PATH", tmp_path / "signatures.json")
    forget()
    yield
    monkeypatch.undo()
    forget()
