"""How a picture was drawn, as the text that AUTOMATIC1111's web UI puts into its PNG, and that many programs read. Pure functions."""

from __future__ import annotations

import re
from typing import Any

from core.pictures.sampler_names import name_sampler

#: The text of a PNG that holds it.
KEYWORD = "parameters"

_PARAMETER = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def build_infotext(request: dict[str, Any], *, model: str, seed: int | None) -> str:
    """The text of one image of a job."""
    values = {
        "Steps": request.get("num_inference_steps"),
        "Sampler": name_sampler(str(request.get("scheduler"))),
        "CFG scale": request.get("guidance_scale"),
        "Seed": seed,
        "Size": f"{request['width']}x{request['height']}",
        "Model": model,
        "Denoising strength": request.get("strength"),
        "Clip skip": request["clip_skip"] + 1 if request.get("clip_skip") else None,
    }
    negative = request.get("negative_prompt")
    lines = [str(request.get("prompt") or ""), *([f"Negative prompt: {negative}"] if negative else [])]
    return "\n".join([*lines, ", ".join(f"{name}: {value}" for name, value in values.items() if value is not None)])


def parse_infotext(text: str) -> dict[str, str]:
    """The values in a text, by A1111's names."""
    *lines, last = text.strip().split("\n")
    found = {name: value.strip('"') for name, value in _PARAMETER.findall(last)}
    if "Steps" not in found:
        lines, found = [*lines, last], {}
    prompt, _, negative = "\n".join(lines).partition("Negative prompt: ")
    return {"Prompt": prompt.strip(), "Negative prompt": negative.strip(), **found}
