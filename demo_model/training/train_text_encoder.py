"""Second stage: trains the text encoder to find the scene in a caption; later stages do not change it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from demo_model.dataset.captions import caption
from demo_model.dataset.held_out import is_for_training
from demo_model.dataset.random_scene import random_scene
from demo_model.text_encoder.encoder import build_text_encoder
from demo_model.text_encoder.slot_reader import SlotReader, answers
from demo_model.text_encoder.tokenizer import token_ids
from demo_model.training.checkpoint import find_checkpoint, save_checkpoint
from demo_model.training.learning_rate import learning_rate
from demo_model.training.precision import half_precision
from demo_model.training.shared_gradients import SharedGradients

BATCH = 64
PEAK_LEARNING_RATE = 1.5e-3
SECONDS_BETWEEN_CHECKPOINTS = 60.0
THREADS = os.cpu_count() or 1


def train_text_encoder(tokenizer: CLIPTokenizer, steps: int, folder: Path, seed: int) -> CLIPTextModel:
    """Returns the trained text encoder; resumes from `folder`'s checkpoint and saves one there."""
    torch.manual_seed(seed)
    encoder, reader = build_text_encoder(tokenizer), SlotReader()
    # Several times as fast on a processor, backwards, as the fused kernel.
    encoder.set_attn_implementation("eager")
    both = nn.ModuleList([encoder, reader])
    optimiser = torch.optim.AdamW(both.parameters(), weight_decay=0.01, fused=True)
    step, seconds = 0, 0.0

    path = folder / "text_encoder.pt"
    if (saved := find_checkpoint(path)) is not None:
        encoder.load_state_dict(saved["weights"])
        reader.load_state_dict(saved["reader"])
        optimiser.load_state_dict(saved["optimiser"])
        step, seconds = saved["step"], saved["seconds"]

    def save() -> None:
        state = {"weights": encoder.state_dict(), "reader": reader.state_dict(), "optimiser": optimiser.state_dict()}
        save_checkpoint(path, {**state, "step": step, "seconds": seconds})

    def loss(ids: Tensor, expected: Tensor) -> Tensor:
        with half_precision():
            answered = reader(encoder(ids).last_hidden_state)
        losses = [cross_entropy(scores.float(), expected[:, place]) for place, scores in enumerate(answered)]
        return torch.stack(losses).sum()

    generator = np.random.default_rng((seed, step))
    bar = tqdm(desc="text encoder", initial=step, total=steps, mininterval=10)
    last_save = seconds
    with SharedGradients(both, shares=THREADS) as gradients:
        while step < steps:
            started = time.perf_counter()
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(PEAK_LEARNING_RATE, step, step / steps)

            scenes = [random_scene(generator, is_for_training) for _ in range(BATCH)]
            ids = token_ids(tokenizer, [caption(scene, generator) for scene in scenes])
            misread = gradients.backward(loss, ids, answers(scenes))
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimiser.step()

            step += 1
            seconds += time.perf_counter() - started
            bar.update()
            bar.set_postfix(loss=f"{misread:.4f}", refresh=False)
            if seconds - last_save > SECONDS_BETWEEN_CHECKPOINTS:
                last_save = seconds
                save()
    bar.close()

    save()
    return encoder.eval()
