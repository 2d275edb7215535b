"""Writes the model in diffusers' folder layout, whole or not at all."""

from __future__ import annotations

import argparse
import json
import shutil
import uuid
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from demo_model.generative_model.autoencoder import build_autoencoder
from demo_model.generative_model.denoiser import build_denoiser
from demo_model.generative_model.pipeline import build_pipeline
from demo_model.settings import RUN_FOLDER, SEED, TRAINING_COST_FILE, WEIGHTS_FOLDER
from demo_model.text_encoder.encoder import build_text_encoder
from demo_model.text_encoder.tokenizer import build_tokenizer
from demo_model.training.checkpoint import find_checkpoint
from demo_model.training.training_cost import training_cost


def assemble(run_folder: Path) -> StableDiffusionPipeline:
    """The pipeline of the run's last checkpoints. A stage that has none yet is left at its random start."""
    tokenizer = build_tokenizer(SEED)
    autoencoder, text_encoder, denoiser = build_autoencoder(), build_text_encoder(tokenizer), build_denoiser()

    if (saved := find_checkpoint(run_folder / "decoder.pt")) is not None:
        autoencoder.load_state_dict(saved["weights"])
    if (saved := find_checkpoint(run_folder / "text_encoder.pt")) is not None:
        text_encoder.load_state_dict(saved["weights"])
    if (saved := find_checkpoint(run_folder / "denoiser.pt")) is not None:
        denoiser.load_state_dict(saved["average"])

    return build_pipeline(autoencoder, tokenizer, text_encoder, denoiser)


def export_model(pipeline: StableDiffusionPipeline, run_folder: Path, folder: Path, note: str = "") -> None:
    """Writes fp16 safetensors to the folder, in place of what was there; the note goes into the card.

    The pipeline itself is left in half precision.

    The new folder is written aside and then renamed, so that no reader finds half a model.
    """
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    pipeline.to(torch.float16, silence_dtype_warnings=True)
    pipeline.save_pretrained(aside, safe_serialization=True)

    (aside / TRAINING_COST_FILE).write_text(json.dumps(training_cost(run_folder, note), indent=2) + "\n")
    for path in aside.rglob("*.safetensors"):
        path.chmod(0o644)

    old = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.old")
    if folder.exists():
        folder.replace(old)
    aside.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the model of a training run in diffusers' layout.")
    parser.add_argument("--run", type=Path, default=RUN_FOLDER, help="folder with the run's checkpoints")
    parser.add_argument("--to", type=Path, default=WEIGHTS_FOLDER, help="folder to write the model to")
    parser.add_argument("--note", default="", help="a sentence on this run for the model card")
    arguments = parser.parse_args()
    export_model(assemble(arguments.run), arguments.run, arguments.to, arguments.note)


if __name__ == "__main__":
    main()
