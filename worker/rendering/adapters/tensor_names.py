"""What the ending of a tensor's name says in a LoRA's file: to which kind of adapter the tensor belongs, and which part it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Names of parts, as peft has them. A LoRA has `lora_A` and `lora_B`, perhaps `lora_B.bias`, and perhaps a `middle` matrix
#: between the two (of a convolution); `magnitude`, or `dora_scale` in another shape, makes it a DoRA. Each kind may have an
#: `alpha`, which scales it by alpha / rank.
LOHA_PARTS = frozenset({"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2"})
LOKR_PARTS = frozenset({"lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2"})

#: The endings that trainers write, with an adapter's name (`default`) in some of them. The first that matches counts.
_ENDINGS = re.compile(
    r"""^(?P<layer>.+?)(?:
      \.lora_(?P<peft>[AB])(?:\.[^.]+)?\.(?P<of>weight|bias)          # peft
    | \.lora_(?P<kohya>down|up|mid)\.weight                           # kohya's sd-scripts, LyCORIS, OneTrainer, ComfyUI
    | (?:\.lora|\.lora_linear_layer|_lora(?P<number>[12]?))\.(?P<old>down|up)\.weight  # diffusers before peft, XLabs
    | \.(?P<lycoris>hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2))(?:\.[^.]+)?
    | \.(?P<dora>dora_scale|lora_magnitude_vector(?:\.[^.]+)??(?:\.weight)?)
    | \.(?P<alpha>alpha)
    )$""",
    re.VERBOSE,
)
_MATRICES = {"A": "lora_A", "B": "lora_B", "down": "lora_A", "up": "lora_B", "mid": "middle"}


@dataclass(frozen=True)
class TensorName:
    """The two halves of a tensor's name."""

    #: The layer that it adapts, as the file calls it.
    layer: str
    #: What it is of that layer's adapter.
    part: str


def parse_tensor_name(name: str) -> TensorName | None:
    """None for a tensor that is no part of an adapter of a kind that peft has."""
    found = _ENDINGS.match(name)
    if found is None:
        return None
    # XLabs numbers a block's adapters: `processor.qkv_lora2` is the second `processor.qkv`.
    layer = found["layer"] + (found["number"] or "")
    if found["lycoris"] or found["alpha"]:
        return TensorName(layer, found["lycoris"] or found["alpha"])
    if found["dora"]:
        return TensorName(layer, "dora_scale" if found["dora"] == "dora_scale" else "magnitude")
    part = _MATRICES[found["peft"] or found["kohya"] or found["old"]]
    return TensorName(layer, f"{part}.bias" if found["of"] == "bias" else part)
