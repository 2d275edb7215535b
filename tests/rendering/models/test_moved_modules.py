"""Components from the modules of pipelines: found where diffusers has moved them, and loaded without code of the folder's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from diffusers import pipelines

from bench.families.tiny_models import TinyModels
from bench.tiny_families.every import EVERY_FAMILY
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.foreign_code import refuse_foreign_code


@pytest.mark.parametrize(
    ("pipeline", "component", "named"),
    [
        ("PaintByExamplePipeline", "image_encoder", ["paint_by_example", "PaintByExampleImageEncoder"]),
        ("AltDiffusionPipeline", "text_encoder", ["alt_diffusion", "RobertaSeriesModelWithTransformation"]),
        ("UnCLIPPipeline", "text_proj", ["unclip", "UnCLIPTextProjModel"]),
    ],
)
def test_a_moved_module_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: str, component: str, named: list[str]
) -> None:
    """By the name that published folders have for it."""
    monkeypatch.delattr(pipelines, named[0], raising=False)
    found = refuse_foreign_code(tmp_path, {"_class_name": pipeline, component: named})
    assert found[component].__name__ == named[1]


@pytest.mark.parametrize("name", ["paint_by_nobody", "PaintByExamplePipeline_", "annotations", "TYPE_CHECKING"])
def test_nothing_else_is_found(tmp_path: Path, name: str) -> None:
    """A name in the module that is none of a pipeline is no library."""
    with pytest.raises(ModelUnavailable):
        refuse_foreign_code(tmp_path, {"_class_name": "AltDiffusionPipeline", "text_encoder": [name, "Anything"]})


@pytest.mark.slow
def test_kolors_is_loaded_as_it_is_published(tmp_path: Path) -> None:
    """Its text encoder's files name code for other programs, which is never run: diffusers has the class itself."""
    with TinyModels(tmp_path, EVERY_FAMILY["kolors"]) as models:
        marker = tmp_path / "ran"
        for name in ("text_encoder/config.json", "tokenizer/tokenizer_config.json"):
            path = models.folder / name
            code = {"AutoModel": "modeling_chatglm.ChatGLMModel", "AutoTokenizer": ["modeling_chatglm.Tokenizer", None]}
            path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": code}))
            (path.parent / "modeling_chatglm.py").write_text(f"open({str(marker)!r}, 'w').close()\n")

        loaded = models.load()
    assert type(loaded.pipeline.text_encoder).__module__.startswith("diffusers.")
    assert not marker.exists()
