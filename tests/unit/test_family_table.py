"""What is said of a pipeline class: what it can do as it was measured, why it does not do the rest, and what is not known."""

from __future__ import annotations

import pytest

from core.catalog import Abilities, Task, find_abilities, find_task_signature
from core.catalog.family_table import format_families, format_families_page, list_family_rows

pytestmark = pytest.mark.usefixtures("every_kind")


def describe(task: Task) -> Abilities:
    signature = find_task_signature("PlainPipeline", task)
    assert signature is not None
    return find_abilities(signature, task)


def test_what_was_measured_is_said() -> None:
    """By class and task, with the reason for what it does not do."""
    plain, varying = describe("text-to-image"), describe("variation")

    assert (plain.batched, plain.resumable, plain.preview, plain.several_images) == (True, True, True, True)
    assert (plain.largest_difference, plain.limits) == (2e-7, ())
    assert (varying.batched, varying.resumable, varying.preview, varying.several_images) == (True, False, False, False)
    assert varying.limits == ("a render cannot be resumed: it keeps its noise in a place of its own",)


def test_what_was_not_measured_is_not_known() -> None:
    """But for what the table of families says."""
    assert describe("image-to-image") == Abilities("PlainPipeline", None, None, None, None, None, ())
    enlarging = describe("upscale")
    assert (enlarging.batched, enlarging.resumable) == (False, None)
    assert enlarging.limits == ("its forwards are not shared: its noise is of another size for each picture",)


def test_a_row_holds_all_that_a_class_serves() -> None:
    """One for each class, in the table's order."""
    rows = {row.class_name: row.list_cells() for row in list_family_rows()}

    assert list(rows)[:2] == ["PlainPipeline", "PaintingPipeline"]
    usual = ("Classes of every kind",)
    assert rows["PlainPipeline"][1:] == (
        *usual,
        *("text-to-image, image-to-image", "noise", "yes", "yes", "yes", "yes", "2.0e-07"),
    )
    assert rows["PaintingPipeline"][1:4] == (*usual, "inpainting, outpaint", "–")
    assert rows["ControlledPipeline"][2] == "text-to-image (control)"
    assert rows["VaryingPipeline"][3:] == ("–", "yes", "no", "no", "no", "3.0e-06")


def test_the_page_ends_with_the_refused() -> None:
    """Each with its reason, in the terminal as well; and says why a class does not do something."""
    page = format_families_page()

    assert page.endswith("## Refused\n\n- it draws nothing at all: `NothingPipeline`\n")
    assert "- `EnlargingPipeline`: its forwards are not shared: its noise is of another size" in page
    assert "12 classes are served, 1 are refused." in page
    assert format_families().endswith("Refused:\nit draws nothing at all: NothingPipeline")
