"""The whole recipe: autoencoder, text encoder, latents, denoiser, export, evaluation.

Every stage resumes where a stopped run left it: after a stop at any moment, the same command goes on.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel

from demo_model.dataset.training_set import PART, PICTURE_SIZE, SMALL_SIZE
from demo_model.evaluation.evaluate import PROMPTS, evaluate
from demo_model.evaluation.reconstruction import measure_reconstructions
from demo_model.generative_model.pipeline import build_pipeline
from demo_model.settings import RUN_FOLDER, SEED, WEIGHTS_FOLDER
from demo_model.text_encoder.tokenizer import build_tokenizer
from demo_model.training.encode_pictures import encode_training_set
from demo_model.training.export import export_model
from demo_model.training.progress_pictures import save_loss_curve, save_reconstructions, save_samples
from demo_model.training.train_autoencoder import train_autoencoder
from demo_model.training.train_denoiser import DenoiserData, train_denoiser
from demo_model.training.train_text_encoder import train_text_encoder

#: Pictures that the autoencoder is measured on.
RECONSTRUCTED = 60


@dataclass(frozen=True)
class Lengths:
    """Steps of each stage, and training pictures of both sizes."""

    autoencoder: int = 10_000
    text_encoder: int = 1500
    denoiser: int = 17_000
    pictures: int = 20_000
    small_pictures: int = 5000

    def at_most(self, steps: int) -> Lengths:
        """The same stages, each with so many steps at most, and as few pictures as they need."""
        return Lengths(
            autoencoder=min(self.autoencoder, steps),
            text_encoder=min(self.text_encoder, steps),
            denoiser=min(self.denoiser, steps),
            pictures=min(self.pictures, PART),
            small_pictures=min(self.small_pictures, PART),
        )


def train(run_folder: Path, lengths: Lengths) -> StableDiffusionPipeline:
    """Trains all parts in turn; checkpoints, latents, samples and loss curves go to the folder."""
    run_folder.mkdir(parents=True, exist_ok=True)

    def report_autoencoder(autoencoder: AutoencoderTiny, losses: list[float]) -> None:
        save_loss_curve(losses, run_folder / "autoencoder_loss.png")
        save_reconstructions(autoencoder, run_folder / "reconstructions.png")

    autoencoder = train_autoencoder(lengths.autoencoder, run_folder, SEED, report_autoencoder)
    scores, (median, tail) = measure_reconstructions(autoencoder, min(RECONSTRUCTED, lengths.autoencoder))
    print(
        f"reconstructions: {scores}, outlines off by {median:.2f} pixels at the median, {tail:.2f} at p95", flush=True
    )

    tokenizer = build_tokenizer(SEED)
    text_encoder = train_text_encoder(tokenizer, lengths.text_encoder, run_folder, SEED)

    large, small = (
        encode_training_set(autoencoder, pictures // PART, size, run_folder / "latents", SEED)
        for pictures, size in ((lengths.pictures, PICTURE_SIZE), (lengths.small_pictures, SMALL_SIZE))
    )
    autoencoder.register_to_config(scaling_factor=large.scale)
    data = DenoiserData(large, small, large.scale, tokenizer, text_encoder)

    def report_denoiser(denoiser: UNet2DConditionModel, losses: list[float]) -> None:
        save_loss_curve(losses, run_folder / "loss.png")
        save_samples(build_pipeline(autoencoder, tokenizer, text_encoder, denoiser), run_folder / "samples.png")

    denoiser = train_denoiser(data, lengths.denoiser, run_folder, SEED, report_denoiser)
    return build_pipeline(autoencoder, tokenizer, text_encoder, denoiser)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the picture book model, write it out and evaluate it.")
    parser.add_argument("--run", type=Path, default=RUN_FOLDER, help="folder of checkpoints and progress pictures")
    parser.add_argument("--out", type=Path, help="folder to write the model to (default: RUN/model)")
    parser.add_argument("--install", action="store_true", help="write the model to demo_model/weights")
    parser.add_argument("--note", default="", help="a sentence on this run for the model card")
    parser.add_argument("--steps", type=int, help="most steps of each stage: a model that draws nothing, quickly")
    parser.add_argument("--denoiser-steps", type=int, help="steps of the last stage alone")
    arguments = parser.parse_args()

    # One thread for each share of the batch (`shared_gradients`): more would fight over the cores.
    torch.set_num_threads(1)
    lengths = Lengths() if arguments.denoiser_steps is None else Lengths(denoiser=arguments.denoiser_steps)
    pipeline = train(arguments.run, lengths if arguments.steps is None else lengths.at_most(arguments.steps))

    out = WEIGHTS_FOLDER if arguments.install else arguments.out or arguments.run / "model"
    export_model(pipeline, arguments.run, out, arguments.note)
    torch.set_num_threads(os.cpu_count() or 1)
    evaluate(out, PROMPTS if arguments.steps is None else min(PROMPTS, arguments.steps))


if __name__ == "__main__":
    main()
