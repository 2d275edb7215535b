"""Pictures are found again, marked and used; a webhook is sent again."""

from __future__ import annotations

import pytest
from darkroom import Darkroom, InvalidRequest

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import SMALL


def test_a_marked_picture_is_found_and_used(darkroom: Darkroom) -> None:
    """With its bytes, as the picture that another job starts from, and spared when all others are deleted."""
    red, other = darkroom.render("a red mug", num_images=2, seed=7, **SMALL)
    darkroom.render("a blue tree", **SMALL)
    board = darkroom.boards.create("Autumn cards")

    darkroom.outputs.change(red, favourite=True)
    darkroom.outputs.change_many([red, other], add_to_board=board)

    [favourite] = darkroom.outputs.list(favourite=True)
    assert (favourite.id, favourite.seed, favourite.prompt) == (red.id, 7, "a red mug")
    assert [output.id for output in darkroom.outputs.list(board=board, order="asc")] == [red.id, other.id]
    assert darkroom.boards.get(board).outputs == 2
    found = darkroom.outputs.download(favourite)
    assert (found.data, found.seed, found.caption) == (red.data, 7, "a red mug")
    [varied] = darkroom.render("a green mug", image=favourite, strength=1.0, **SMALL)
    assert darkroom.jobs.get(darkroom.outputs.get(varied).job_id).inputs[0].sha256 == favourite.sha256

    assert darkroom.jobs.delete_many(favourite=False, on_board=False).completed == 2
    assert [job.id for job in darkroom.jobs.list(favourite=True)] == [favourite.job_id]
    assert darkroom.outputs.change(favourite, favourite=False, boards=[]).boards == []
    assert list(darkroom.outputs.list(favourite=True)) == []


def test_a_name_of_two_boards_is_refused(darkroom: Darkroom) -> None:
    """A renamed board makes its name free."""
    first = darkroom.boards.create("Cards")

    with pytest.raises(InvalidRequest) as refused:
        darkroom.boards.create("Cards")
    assert [wrong.field for wrong in refused.value.errors] == ["name"]
    darkroom.boards.rename(first, "Old cards")
    darkroom.boards.create("Cards")
    darkroom.boards.delete(first)
    assert [board.name for board in darkroom.boards.list()] == ["Cards"]


def test_a_webhook_is_sent_again(darkroom: Darkroom, listener: WebhookListener) -> None:
    """With the id that it had, as a try that the account asked for."""
    endpoint = darkroom.webhooks.create(listener.url)
    job = darkroom.render("a red mug", **SMALL).job
    first = listener.calls.get(timeout=60)
    [delivery] = darkroom.webhooks.deliveries(endpoint=endpoint, job=job)

    assert darkroom.webhooks.redeliver(delivery).status == "pending"
    second = listener.calls.get(timeout=60)

    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery.event_id
