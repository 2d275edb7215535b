"""Writes `docs/picturebook.md` and its pictures from the model as it is."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import DiffusionPipeline

from demo_model.dataset.captions import plain_caption
from demo_model.dataset.drawing import draw
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.vocabulary import COLOURS, OBJECTS, STYLES
from demo_model.evaluation.contact_sheet import contact_sheet
from demo_model.explanation.inside import SHOWN_STEPS, moments, neighbours, words_of
from demo_model.settings import GUIDANCE, STEPS, WEIGHTS_FOLDER

PAGE = Path(__file__).parents[2] / "docs" / "picturebook.md"
TEMPLATE = Path(__file__).parent / "page.template"

#: The picture that the page follows from its caption on.
FOLLOWED = Scene((Thing("mug", "red", "large", "left"), Thing("star", "blue", "small", "right")), "yellow")
SEED = 7
#: Words whose neighbours are shown.
LOOKED_UP = ("red", "mug", "left")


def explain(folder: Path, page: Path) -> None:
    """Writes the page, and its pictures into a folder of the same name beside it."""
    pictures = page.with_suffix("")
    pictures.mkdir(parents=True, exist_ok=True)
    pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    prompt = plain_caption(FOLLOWED)

    contact_sheet(
        [
            draw(Scene((Thing(name, list(COLOURS)[place % 10], "large", "centre"),), "white"), 128)[0]
            for place, name in enumerate(OBJECTS)
        ],
        columns=8,
    ).save(pictures / "objects.png", optimize=True)
    contact_sheet(
        [draw(Scene(FOLLOWED.things, FOLLOWED.background, style), 256)[0] for style in STYLES], columns=3
    ).save(pictures / "styles.png", optimize=True)

    seen = moments(pipeline, prompt, SEED)
    contact_sheet([each.latents for each in seen] + [each.decoded for each in seen], columns=len(seen)).save(
        pictures / "steps.png", optimize=True
    )
    contact_sheet([seen[-1].decoded], columns=1).save(pictures / "picture.png", optimize=True)

    page.write_text(
        TEMPLATE.read_text().format(
            prompt=prompt,
            tokens=" ".join(f"`{word.removesuffix('</w>')}`" for word, _ in words_of(pipeline, prompt)),
            numbers=" ".join(str(number) for _, number in words_of(pipeline, prompt)),
            neighbours="\n".join(_row(word, neighbours(pipeline, word, 5)) for word in LOOKED_UP),
            shown=", ".join(str(step) for step in SHOWN_STEPS),
            steps=STEPS,
            guidance=GUIDANCE,
            seed=SEED,
            objects=len(OBJECTS),
            styles=", ".join(STYLES),
        )
    )


def _row(word: str, found: list[tuple[str, float]]) -> str:
    return f"| {word} | {', '.join(f'{other} ({likeness:.2f})' for other, likeness in found)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the page that explains Picturebook, and its pictures.")
    parser.add_argument("--model", type=Path, default=WEIGHTS_FOLDER, help="folder of the model")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write; its pictures go beside it")
    arguments = parser.parse_args()
    explain(arguments.model, arguments.page)


if __name__ == "__main__":
    main()
