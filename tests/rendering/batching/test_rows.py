"""Which part of a call belongs to which picture: how its arguments are joined and split."""

from __future__ import annotations

import torch

from worker.rendering.batching.rows import Rows, read_rows


def test_the_first_tensor_gives_the_rows() -> None:
    """The first tensor is the latents, and its first dimension is the rows; arguments before it that are no tensors do not count."""
    arguments = {"return_dict": False, "hidden_states": torch.zeros(3, 4, 8, 8), "timestep": torch.zeros(5)}

    assert read_rows(arguments) == Rows(3, are_listed=False)


def test_a_list_of_tensors_gives_the_rows() -> None:
    """Z-Image passes its pictures as a list, because they may differ in size."""
    assert read_rows({"x": [torch.zeros(4, 1, 8, 8), torch.zeros(4, 1, 8, 16)]}) == Rows(2, are_listed=True)


def test_a_call_without_tensors_has_no_rows() -> None:
    """A call with no tensor, only a number, an empty list, or a list of other things has no rows."""
    assert read_rows({}) is None
    assert read_rows({"return_dict": True, "scales": [1.0, 2.0], "none": []}) is None
    assert read_rows({"sample": torch.tensor(1.0)}) is None


def test_a_tensor_has_the_rows_or_is_for_all_of_them() -> None:
    """A tensor of as many rows belongs to the rows; a number, or a tensor of another length, belongs to all of them."""
    rows = Rows(2, are_listed=False)

    assert rows.has_tensor(torch.zeros(2, 7))
    assert not rows.has_tensor(torch.tensor(2))
    assert not rows.has_tensor(torch.zeros(7, 2))


def test_residuals_of_a_controlnet_are_layers() -> None:
    """A list of two tensors of two rows each, in a call of two rows, is two layers and not two pictures."""
    assert not Rows(2, are_listed=False).has_list([torch.zeros(2, 4), torch.zeros(2, 8)])


def test_listed_pictures_are_rows() -> None:
    """If pictures are listed, their texts are listed too, one or several for each picture."""
    rows = Rows(2, are_listed=True)

    assert rows.has_list([torch.zeros(5, 8), torch.zeros(9, 8)])
    assert rows.has_list([[torch.zeros(5, 8)], [torch.zeros(9, 8), torch.zeros(1, 8)]])
    assert not rows.has_list([torch.zeros(5, 8)])


def test_image_shapes_are_rows() -> None:
    """Qwen-Image passes the size of each picture in a list with an item for each row; a list of numbers has no rows."""
    rows = Rows(2, are_listed=False)

    assert rows.has_list([[(1, 4, 4)], [(1, 4, 4)]])
    assert not rows.has_list([[(1, 4, 4)]])
    assert not rows.has_list([0.5, 0.7])
    assert not rows.has_list([[torch.zeros(2, 4)], [torch.zeros(2, 4)]])


def test_lists_of_pictures_give_the_rows() -> None:
    """Z-Image Omni passes for each row a list: the pictures to look at, and the latents; and what a vision model sees of them,
    or nothing.
    """
    call = {"x": [[torch.zeros(2, 1, 8, 8)], [torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 8, 8)]], "t": torch.zeros(2)}
    rows = Rows(2, are_listed=True)

    assert read_rows(call) == rows
    assert rows.has_list([None, None])
    assert rows.has_list([None, [torch.zeros(4, 4, 8), None]])
    assert not Rows(2, are_listed=False).has_list([None, None])
