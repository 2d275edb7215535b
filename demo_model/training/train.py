"""The whole recipe: data, decoder, text encoder, latents, denoiser, export, evaluation.

Every stage resumes where a stopped run left it. `--steps` limits the steps of each stage, to run all of them quickly;
the model that results draws nothing yet.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel

from demo_model.dataset.training_set import draw_training_set
from demo_model.evaluation.evaluate import PROMPTS, evaluate
from demo_model.generative_model.pipeline import build_pipeline
from demo_model.settings import RUN_FOLDER, SEED, WEIGHTS_FOLDER
from demo_model.text_encoder.tokenizer import build_tokenizer
from demo_model.training.learning_rate import Budget
from demo_model.training.encode_pictures import encode_pictures
from demo_model.training.export import export_model
from demo_model.training.progress_pictures import save_loss_curve, save_samples
from demo_model.training.train_decoder import train_decoder
from demo_model.training.train_denoiser import DenoiserData, train_denoiser
from demo_model.training.train_text_encoder import train_text_encoder

PICTURES = 20_000
MINUTES = 120.0
#: How the minutes are shared out.
DECODER_SHARE, TEXT_ENCODER_SHARE, DENOISER_SHARE = 0.12, 0.03, 0.85


def train(run_folder: Path, minutes: float, steps: int | None) -> StableDiffusionPipeline:
    """Trains all parts in turn; checkpoints, samples and the loss curve go to the folder."""
    run_folder.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer(SEED)
    training_set = draw_training_set(SEED, PICTURES if steps is None else min(PICTURES, 8 * steps))

    autoencoder = train_decoder(training_set, Budget(minutes * DECODER_SHARE, steps), run_folder, SEED)
    text_encoder = train_text_encoder(tokenizer, Budget(minutes * TEXT_ENCODER_SHARE, steps), run_folder, SEED)

    def report(denoiser: UNet2DConditionModel, losses: list[float]) -> None:
        save_loss_curve(losses, run_folder / "loss.png")
        save_samples(build_pipeline(autoencoder, tokenizer, text_encoder, denoiser), run_folder / "samples.png")

    data = DenoiserData(training_set.scenes, encode_pictures(autoencoder, training_set), tokenizer, text_encoder)
    denoiser = train_denoiser(data, Budget(minutes * DENOISER_SHARE, steps), run_folder, SEED, report)
    return build_pipeline(autoencoder, tokenizer, text_encoder, denoiser)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the picture book model, write it out and evaluate it.")
    parser.add_argument("--run", type=Path, default=RUN_FOLDER, help="folder of checkpoints and progress pictures")
    parser.add_argument("--out", type=Path, help="folder to write the model to (default: RUN/model)")
    parser.add_argument("--install", action="store_true", help="write the model to demo_model/weights")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="training time in all")
    parser.add_argument("--steps", type=int, help="most steps of each stage (default: the minutes alone decide)")
    arguments = parser.parse_args()

    # One thread for each share of the batch (`shared_gradients`): more would fight over the cores.
    torch.set_num_threads(1)
    pipeline = train(arguments.run, arguments.minutes, arguments.steps)

    out = WEIGHTS_FOLDER if arguments.install else arguments.out or arguments.run / "model"
    export_model(pipeline, arguments.run, out)
    evaluate(out, PROMPTS if arguments.steps is None else min(PROMPTS, arguments.steps))


if __name__ == "__main__":
    main()
