"""Which calls may share a forward: everything that a model reads once for all rows must be equal, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from worker.rendering.batching import BatchJob
from worker.rendering.batching.call import read_call


def may_share(
    one: dict[str, Any], other: dict[str, Any], *jobs: BatchJob, modules: tuple[str, str] = ("unet",) * 2
) -> bool:
    first, second = jobs or (BatchJob(), BatchJob())
    keys = [
        read_call(job, module, torch.nn.Identity(), arguments).key
        for job, module, arguments in zip((first, second), modules, (one, other), strict=True)
    ]
    return keys[0] == keys[1]


def arguments(rows: int = 2, **changes: Any) -> dict[str, Any]:
    """A call with the arguments of FLUX, SDXL and ControlNets together; values are new each time."""
    return {
        "hidden_states": torch.rand(rows, 16, 8),
        "timestep": torch.rand(rows),
        "encoder_hidden_states": torch.rand(rows, 7, 8),
        "encoder_attention_mask": torch.ones(rows, 7, dtype=torch.bool),
        "img_ids": torch.arange(48.0).reshape(16, 3),
        "added_cond_kwargs": {"time_ids": torch.rand(rows, 6), "text_embeds": torch.rand(rows, 8)},
        "residuals": [torch.rand(rows, 4), torch.rand(rows, 8)],
        "joint_attention_kwargs": {"scale": 0.5},
        "return_dict": False,
    } | changes


def test_jobs_at_other_steps_share() -> None:
    """Calls with other latents, steps, texts, size conditions and numbers of rows share."""
    assert may_share(arguments(2), arguments(1))
    assert may_share(arguments(2), arguments(2))


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_states": torch.rand(2, 32, 8)},
        {"hidden_states": torch.rand(2, 16, 8, dtype=torch.float64)},
        {"encoder_hidden_states": torch.rand(2, 8, 8)},
        {"encoder_attention_mask": None},
        {"encoder_attention_mask": torch.ones(2, 7)},
        {"img_ids": torch.arange(48.0).reshape(16, 3) + 1},
        {"added_cond_kwargs": {"time_ids": torch.rand(2, 6)}},
        {"residuals": [torch.rand(2, 4)]},
        {"residuals": [torch.rand(2, 4), torch.rand(2, 16)]},
        {"residuals": (torch.rand(2, 4), torch.rand(2, 8))},
        {"joint_attention_kwargs": {"scale": 0.6}},
        {"joint_attention_kwargs": None},
        {"joint_attention_kwargs": {"scale": object()}},
        {"return_dict": True},
        {"more": 1},
    ],
    ids="-".join,
)
def test_what_differs_is_not_shared(changes: dict[str, Any]) -> None:
    """Another size, type, text length, mask, position, set of residuals, option or argument keeps calls apart."""
    assert not may_share(arguments(), arguments(**changes))
    assert may_share(arguments(), arguments())


def test_timesteps_of_any_form_share() -> None:
    """One timestep for all rows or one for each, an integer or not: calls share, because all become float32."""
    whole = arguments(timestep=torch.tensor(7))
    assert may_share(whole, arguments(3, timestep=torch.rand(3)))
    assert may_share(whole, arguments(1, timestep=torch.tensor([9])))
    assert not may_share(whole, arguments(timestep=torch.rand(2, dtype=torch.float64)))


def test_positions_for_each_row_go_by_value() -> None:
    """Positions with rows (FLUX.2) share if all rows are equal, with any number of rows, and not if they differ."""
    positions = torch.arange(48.0).reshape(1, 16, 3)
    pair = arguments(2, img_ids=positions.expand(2, 16, 3))

    assert may_share(pair, arguments(1, img_ids=positions.clone()))
    assert not may_share(pair, arguments(1, img_ids=positions + 1))
    assert not may_share(pair, arguments(2, img_ids=torch.cat([positions, positions + 1])))


@pytest.mark.parametrize("name", ["image_rotary_emb", "txt_ids"])
def test_a_tuple_of_positions_goes_by_value(name: str) -> None:
    """Cosines and sines of positions, as a tuple, are compared by value even if they seem to have rows."""
    cosines, sines = torch.rand(2, 8), torch.rand(2, 8)
    one = arguments(2) | {name: (cosines, sines)}

    assert may_share(one, arguments(2) | {name: (cosines.clone(), sines.clone())})
    assert not may_share(one, arguments(2) | {name: (cosines.clone(), cosines.clone())})


def test_listed_texts_of_any_length_share() -> None:
    """Calls with Z-Image's pictures and texts share: they may differ in size from row to row."""
    one = {"x": [torch.rand(4, 1, 8, 8)], "t": torch.rand(1), "cap_feats": [torch.rand(5, 8)]}
    other = {"x": [torch.rand(4, 1, 8, 16)] * 2, "t": torch.rand(2), "cap_feats": [torch.rand(9, 8)] * 2}

    assert may_share(one, other)
    assert not may_share(one, other | {"cap_feats": [torch.rand(9, 8).double()] * 2})


def test_image_shapes_have_to_be_equal() -> None:
    """Qwen-Image's sizes are values: equal ones share, with any number of rows."""
    one = arguments(1, img_shapes=[[(1, 4, 4)]])

    assert may_share(one, arguments(2, img_shapes=[[(1, 4, 4)]] * 2))
    assert not may_share(one, arguments(2, img_shapes=[[(1, 2, 8)]] * 2))


def test_adapters_have_to_be_equal() -> None:
    """Jobs share only with jobs that have the same adapters at the same scales."""
    ink = BatchJob(adapters=(("ink", 0.5),))

    assert may_share(arguments(), arguments(), ink, BatchJob(adapters=(("ink", 0.5),)))
    assert not may_share(arguments(), arguments(), ink, BatchJob(adapters=(("ink", 0.6),)))
    assert not may_share(arguments(), arguments(), ink, BatchJob())


def test_deterministic_jobs_do_not_share() -> None:
    """They do not share with each other, nor with other jobs."""
    first, second = BatchJob(goes_alone=True), BatchJob(goes_alone=True)

    assert not may_share(arguments(), arguments(), first, second)
    assert not may_share(arguments(), arguments(), first, BatchJob())


def test_modules_do_not_share() -> None:
    """A ControlNet's calls do not share with the denoiser's, even with equal arguments."""
    assert not may_share(arguments(), arguments(), modules=("unet", "controlnet"))


def test_calls_without_rows_do_not_share() -> None:
    """Calls without rows cannot be joined."""
    assert not may_share({"flag": True}, {"flag": True})


def test_pictures_of_tokens_share() -> None:
    """Tokens of a picture have a name that positions have, and differ from job to job; positions beside them must be equal."""

    def tokens(**changes: Any) -> dict[str, Any]:
        return {
            "input_ids": torch.randint(9, (2, 8, 8)),
            "micro_conds": torch.rand(2, 5),
            "img_ids": torch.zeros(2, 4),
        } | changes

    assert may_share(tokens(), tokens())
    assert not may_share(tokens(), tokens(img_ids=torch.ones(2, 4)))
    assert not may_share(tokens(), tokens(input_ids=torch.randint(9, (2, 8, 16))))


def test_lists_of_pictures_share_if_they_are_alike() -> None:
    """Rows that have as many pictures each share a forward, whatever their sizes; as many channels as rows change nothing."""

    def omni(side: int, *, pictures: int) -> dict[str, Any]:
        row = [torch.rand(2, 1, side, side) for _ in range(pictures + 1)]
        seen = [torch.rand(2, 2, 8), None] if pictures else None
        return {"x": [row, row], "t": torch.rand(2), "siglip_feats": [seen, seen]}

    assert may_share(omni(8, pictures=0), omni(16, pictures=0))
    assert may_share(omni(8, pictures=1), omni(16, pictures=1))
    assert not may_share(omni(8, pictures=0), omni(8, pictures=1))


def test_what_names_rows_by_number_shares_with_none() -> None:
    """Where the pictures of row 0 stand (OmniGen) is wrong for the rows of another call; layers by number are not."""
    assert not may_share(arguments(places={0: [[3, 7]]}), arguments(places={0: [[3, 7]]}))
    assert may_share(arguments(places={}), arguments(places={}))
    assert may_share(arguments(layers={0: torch.rand(2, 4)}), arguments(layers={0: torch.rand(2, 4)}))
