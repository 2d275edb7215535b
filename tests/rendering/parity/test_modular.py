"""The denoiser of a family that diffusers has only as a modular pipeline."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch
from diffusers import Flux3Transformer2DModel

from tests.rendering.parity.company import BOUND
from worker.rendering.batching import Batcher, BatchJob

SIDE, WIDTH, TEXT, STEPS = 4, 16, 6, 5


def test_the_transformer_of_flux3_is_shared() -> None:
    """Jobs at different timesteps, of one or two rows, share its forwards and get what they get alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformer = Flux3Transformer2DModel(
            in_channels=WIDTH,
            cond_in_channels=WIDTH,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            timestep_channels=32,
            axes_dims_rope=(4, 4, 4, 4),
        ).eval()
    batcher = Batcher({"transformer": transformer})
    meeting = Barrier(4, timeout=60)

    @torch.inference_mode()
    def denoise(number: int, *, together: bool) -> tuple[torch.Tensor, BatchJob]:
        rows, noise = 1 + number % 2, torch.Generator().manual_seed(number)
        latents = torch.randn(rows, SIDE * SIDE, WIDTH, generator=noise)
        text = torch.randn(rows, TEXT, WIDTH, generator=noise)
        with batcher.job(BatchJob()) as job:
            for step in range(STEPS):
                prediction = transformer(
                    hidden_states=latents,
                    encoder_hidden_states=text,
                    timestep=torch.full((rows,), 1 - (step + number) / 10),
                    img_ids=torch.cartesian_prod(*map(torch.arange, (1, SIDE, SIDE, 1))),
                    txt_ids=torch.cartesian_prod(*map(torch.arange, (1, 1, 1, TEXT))),
                    return_dict=False,
                )[0]
                latents = latents - prediction / STEPS
                if together and step == 0:
                    meeting.wait()
        return latents, job

    try:
        alone = [denoise(number, together=False)[0] for number in range(4)]
        with ThreadPoolExecutor(4) as threads:
            shared = list(threads.map(lambda number: denoise(number, together=True), range(4)))
    finally:
        batcher.close()

    for (latents, job), expected in zip(shared, alone, strict=True):
        reach = float(expected.max() - expected.min())
        assert float((latents - expected).abs().max()) / reach <= BOUND
        assert max(job.batch_rows) > len(expected)
