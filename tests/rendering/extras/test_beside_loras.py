"""LoRAs in a model that has an IP-Adapter and words of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from bench.families.render import draw
from bench.models_file import write_section
from bench.tiny_families import FAMILIES
from bench.tiny_families.text_encoders import WIDTH
from core.catalog import load_catalog
from tests.rendering.adapters.tiny_loras import ModelFolder
from tests.rendering.extras.proof import LEAST_EFFECT, build_request, draw_picture, prove_together
from tests.rendering.extras.tiny_ip_adapter import write_ip_adapter
from worker.rendering.drawing import Drawing
from worker.rendering.models import Models

LORA = """
[loras.one]
source = "one.safetensors"
models = ["model"]
licence = "Apache-2.0"
commercial_use = true
"""


def build(*, lora: bool, picture: bool, seed: int = 7) -> Drawing:
    own: dict[str, Any] = {"loras": [{"id": "one", "scale": 0.8}]} if lora else {}
    own |= {"ip_adapter_scale": 0.6} if picture else {}
    request = build_request(prompt="a <cat>", scheduler="own", **own)
    return Drawing(request, (seed,), {"ip_adapter_image": draw_picture(1)} if picture else {})


def test_each_works_in_its_own_jobs(tmp_path: Path) -> None:
    """With a LoRA and a picture, with one of them, and with neither, side by side; the model stays as it was."""
    ModelFolder(tmp_path, {"sd15": "sd15"}).make_lora("one", "sd15", seed=1, encoders=True)
    write_ip_adapter(tmp_path, FAMILIES["sd15"].assemble())
    save_file(
        {"<cat>": torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(1))}, tmp_path / "cat.safetensors"
    )
    section = write_section(
        "model",
        "sd15",
        ip_adapter={"file": "adapter.safetensors", "image_encoder": "image_encoder"},
        textual_inversions={"<cat>": "cat.safetensors"},
    )
    (tmp_path / "models.toml").write_text(section + LORA)
    models = Models(load_catalog(tmp_path / "models.toml"), device="cpu", budget_bytes=2**31)
    model = models.load("model")
    cases = [{"lora": lora, "picture": picture} for lora in (False, True) for picture in (False, True)]
    alone = [draw(model, build(**case)) for case in cases]

    jobs = [partial(build, **case, seed=seed) for seed, case in enumerate([*cases, *cases])]
    prove_together(model, jobs)

    for place, one in enumerate(alone):
        assert all(one.differs_from(other) > LEAST_EFFECT for other in alone[place + 1 :])
    model.adapters.unload_all()
    assert all(draw(model, build(**case)).equals(one) for case, one in zip(cases, alone, strict=True))
    models.close()
