"""Which part of a call belongs to which picture: along what its arguments are joined and taken apart."""

from __future__ import annotations

import torch

from worker.rendering.batching.rows import Rows, read_rows


def test_the_first_tensor_tells_the_rows() -> None:
    """The latents come first: their first dimension counts, whatever comes before that is no tensor."""
    arguments = {"return_dict": False, "hidden_states": torch.zeros(3, 4, 8, 8), "timestep": torch.zeros(5)}

    assert read_rows(arguments) == Rows(3, are_listed=False)


def test_a_list_of_tensors_tells_the_rows() -> None:
    """Z-Image hands its pictures over as a list, for they may differ in size."""
    assert read_rows({"x": [torch.zeros(4, 1, 8, 8), torch.zeros(4, 1, 8, 16)]}) == Rows(2, are_listed=True)


def test_a_call_without_tensors_has_no_rows() -> None:
    """Nothing can be joined to what has no rows: no tensor, one number, an empty list, a list of other things."""
    assert read_rows({}) is None
    assert read_rows({"return_dict": True, "scales": [1.0, 2.0], "none": []}) is None
    assert read_rows({"sample": torch.tensor(1.0)}) is None


def test_a_tensor_has_the_rows_or_is_for_all_of_them() -> None:
    """A tensor belongs to the rows when it has as many; a number, or a tensor of another length, is for all of them."""
    rows = Rows(2, are_listed=False)

    assert rows.has_tensor(torch.zeros(2, 7))
    assert not rows.has_tensor(torch.tensor(2))
    assert not rows.has_tensor(torch.zeros(7, 2))


def test_residuals_of_a_controlnet_are_layers() -> None:
    """A list of two tensors with two rows each, in a call of two rows, is two layers and not two pictures."""
    assert not Rows(2, are_listed=False).has_list([torch.zeros(2, 4), torch.zeros(2, 8)])


def test_listed_pictures_are_rows() -> None:
    """Where pictures are listed, so are their texts, alone or several to each."""
    rows = Rows(2, are_listed=True)

    assert rows.has_list([torch.zeros(5, 8), torch.zeros(9, 8)])
    assert rows.has_list([[torch.zeros(5, 8)], [torch.zeros(9, 8), torch.zeros(1, 8)]])
    assert not rows.has_list([torch.zeros(5, 8)])


def test_image_shapes_are_rows() -> None:
    """Qwen-Image says how large each picture is in a list with an item for each row; numbers are no rows."""
    rows = Rows(2, are_listed=False)

    assert rows.has_list([[(1, 4, 4)], [(1, 4, 4)]])
    assert not rows.has_list([[(1, 4, 4)]])
    assert not rows.has_list([0.5, 0.7])
    assert not rows.has_list([[torch.zeros(2, 4)], [torch.zeros(2, 4)]])
