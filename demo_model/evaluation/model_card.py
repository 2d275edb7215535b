"""Writes the model card: what the model is, and what its evaluation measured."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from demo_model.dataset.held_out import is_held_out
from demo_model.dataset.scene import Thing
from demo_model.dataset.vocabulary import COLOURS, DULL, OBJECTS, POSITIONS, SIZES, STYLES
from demo_model.evaluation.scores import Evaluation
from demo_model.evaluation.sharpness import large_shapes
from demo_model.settings import EVALUATION_SEED, GUIDANCE, STEPS, TRAINING_COST_FILE

_CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
---

# Picturebook

A small text-to-image model, second edition: one or two coloured objects in one of nine styles, 256 by 256 pixels, on a
processor alone. It ships with Darkroom as the model of its embedded stack and of its tests. `docs/picturebook.md` walks
through its parts.

```python
from diffusers import DiffusionPipeline

pipeline = DiffusionPipeline.from_pretrained("demo_model/weights", use_safetensors=True)
pipeline("a watercolour of a large red mug on the left and a small blue star on the right on a yellow background",
         num_inference_steps={steps}, guidance_scale={guidance}).images[0]
```

## What it knows

- Objects: {objects}.
- Colours, of objects and backgrounds: {colours}.
- Sizes: {sizes}. Positions: {positions}; two objects stand left and right, or top and bottom.
- Styles: {styles_known}. Blueprints have a colour and a ground of their own, and neon a ground, whatever is asked for;
  {dull} do not glow.
- Left unsaid, the style is flat, and the background is white (black where something on it is white), one object stands in the centre, and two
  stand left and right in the order named. A size left unsaid may be any.

## Limits

Anything else (other objects, three objects, scenes, other styles, text) is outside its world, and what it draws then
means nothing. So are other sizes than 256 by 256 and, quicker and coarser, 128 by 128.

## Parts

Stock diffusers classes, {megabytes:.1f} MB in all as fp16 safetensors: CLIPTokenizer ({tokens} tokens, a BPE learnt from the captions),
CLIPTextModel, UNet2DConditionModel, AutoencoderTiny (4 by 32 by 32 latents: stock inpainting takes no other number of channels) and DDIMScheduler (velocity prediction, zero
terminal SNR). Parameters: text encoder {text_encoder:.2f} M, denoiser {denoiser:.2f} M, autoencoder {autoencoder:.2f} M.

## Data and training

All pictures and captions are drawn by `demo_model` itself from a seed; no outside data, no outside weights. One in ten
combinations of object, colour and position, picked by a hash, is never drawn for training{untested}.
`make train-demo-model` is the whole recipe.
{training}

## Measured

By `make evaluate-demo-model`: {prompts} prompts of held-out combinations only ({two_thing_prompts} of them with two objects), drawn from
seed {evaluation_seed}; picture n rendered from seed n; {steps} steps, guidance {guidance}. Machine: {machine}. Judged by
`demo_model/evaluation/checker.py`, which has no learnt part. Colour, object, position and size are counted over every object asked
for; a picture with more figures than were asked for has no object right.

| right | share | bar |
|---|---|---|
| colour | {scores.colour:.1%} | 98 % |
| object | {scores.object:.1%} | 95 % |
| position | {scores.position:.1%} | 97 % |
| both objects and both colours, of two | {scores.both:.1%} | 90 % |
| style, of every prompt | {scores.style:.1%} | 90 % |
| size | {scores.size:.1%} | |
| background | {scores.background:.1%} | |

Outlines of {shapes} large flat shapes are off by {deviation[0]:.2f} pixels at the median and {deviation[1]:.2f} at the 95th
percentile (bars: 1 and 2.5). One image takes {seconds_per_image:.2f} s there.

| style | prompts in it | things right in it |
|---|---|---|
{by_style}

Objects drawn wrong, of times asked for: {missed}.

The first 64 pictures of the evaluation, in rows of eight:

![the first 64 pictures](sheet.png)

Three single things and a pair in every style, a style a row ({style_rows}):

![a thing in every style](styles.png)

<details><summary>The prompts of the first sheet</summary>

{listing}

</details>

## Licence

The weights are under the project's licence, as is the code that made them.
"""


def write_model_card(evaluation: Evaluation, first_prompts: list[str], folder: Path) -> None:
    """Writes `README.md` into the model's folder."""
    parameters = {part: _parameters(folder / part) / 1e6 for part in ("text_encoder", "unet", "vae")}
    card = _CARD.format(
        **vars(evaluation) | {"missed": _missed(evaluation)},
        by_style="\n".join(
            f"| {name} | {kept:.1%} | {right:.1%} |" for name, (kept, right) in evaluation.styles.items()
        ),
        style_rows=", ".join(STYLES),
        styles_known=", ".join(STYLES),
        dull=", ".join(sorted(DULL)),
        shapes=len(large_shapes()),
        steps=STEPS,
        guidance=GUIDANCE,
        evaluation_seed=EVALUATION_SEED,
        objects=", ".join(OBJECTS),
        colours=", ".join(COLOURS),
        sizes=", ".join(SIZES),
        positions=", ".join(POSITIONS),
        megabytes=sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6,
        tokens=len(json.loads((folder / "tokenizer" / "tokenizer.json").read_text())["model"]["vocab"]),
        text_encoder=parameters["text_encoder"],
        denoiser=parameters["unet"],
        autoencoder=parameters["vae"],
        training=_training_cost(folder),
        untested=_untested(),
        listing="\n".join(f"{number}. {prompt}" for number, prompt in enumerate(first_prompts, start=1)),
    )
    (folder / "README.md").write_text(card)


def _missed(evaluation: Evaluation) -> str:
    return ", ".join(f"{name} {wrong} of {asked}" for name, wrong, asked in evaluation.missed) or "none"


def _training_cost(model_folder: Path) -> str:
    """What training the model in the folder took, in words; empty where that is not recorded."""
    path = model_folder / TRAINING_COST_FILE
    if not path.exists():
        return ""
    cost = json.loads(path.read_text())
    stages = ", ".join(
        f"{stage.replace('_', ' ')} {spent['steps']:,} steps in {spent['minutes']} minutes"
        for stage, spent in cost["stages"].items()
    )
    return f"These weights took, on {cost['cores']} processor cores: {stages}. {cost['note']}".rstrip()


def _untested() -> str:
    """The objects that no held-out combination has, in words."""
    things = (Thing(*combination) for combination in product(OBJECTS, COLOURS, SIZES, POSITIONS))
    tested = {thing.object for thing in things if is_held_out(thing)}
    untested = [name for name in OBJECTS if name not in tested]
    return f" (none of these is a {' or '.join(untested)}, which the scores therefore leave out)" if untested else ""


def _parameters(folder: Path) -> int:
    """Parameters in a part's fp16 safetensors: the file's length but for its header, at two bytes each."""
    total = 0
    for path in folder.glob("*.safetensors"):
        header = int.from_bytes(path.read_bytes()[:8], "little")
        total += (path.stat().st_size - 8 - header) // 2
    return total
