"""The axes of a sweep: the order of the cells, the names of values, and what an append adds."""

from __future__ import annotations

from core.sweeps.axes import Axes

_AXES = Axes(["a", "b"], ["line"], [7, 8], {"guidance_scale": [2.0, 4.0], "steps": [4]})


def test_the_cells_are_the_product_in_order() -> None:
    """Prompts change slowest, then styles and parameters as given, and seeds fastest."""
    cells = list(_AXES.list_cells())

    assert len(cells) == _AXES.cells == 8
    assert [*cells[0]] == ["prompt", "style", "guidance_scale", "steps", "seed"]
    assert [(cell["prompt"], cell["guidance_scale"], cell["seed"]) for cell in cells] == [
        (prompt, guidance, seed) for prompt in ("a", "b") for guidance in (2.0, 4.0) for seed in (7, 8)
    ]


def test_without_axes_there_is_one_cell() -> None:
    """Which is the base alone."""
    assert list(Axes().list_cells()) == [{}]
    assert Axes().cells == 1


def test_a_value_has_the_name_that_its_sender_gave() -> None:
    """By its axis and its place."""
    assert _AXES.name_value("prompt", "b") == "prompts[1]"
    assert _AXES.name_value("style", "line") == "styles[0]"
    assert _AXES.name_value("seed", 8) == "seeds[1]"
    assert _AXES.name_value("guidance_scale", 4.0) == "parameters.guidance_scale[1]"
    assert _AXES.name_longest() == "prompts"


def test_an_append_adds_what_is_new() -> None:
    """Behind what there is, each value once; the axes come back from a row as they were."""
    more = Axes(["b", "c"], [], [9], {"guidance_scale": [4.0, 8.0], "scheduler": ["ddim"]})
    both = Axes.of(_AXES.describe()).extend(more)

    assert both.describe() == {
        "prompts": ["a", "b", "c"],
        "styles": ["line"],
        "seeds": [7, 8, 9],
        "parameters": {"guidance_scale": [2.0, 4.0, 8.0], "steps": [4], "scheduler": ["ddim"]},
    }
