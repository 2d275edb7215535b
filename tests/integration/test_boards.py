"""Boards: names under which an account gathers its outputs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.artifacts.marks import boards
from tests.integration.conftest import Submit
from tests.integration.kept import finish_one
from tests.integration.test_outputs import Gallery


@pytest.fixture
def gallery(client: FlaskClient, account_id: UUID) -> Gallery:
    """Of an account without boards."""
    return Gallery(client, account_id)


def test_boards_are_made_renamed_and_listed(gallery: Gallery) -> None:
    """By name, whatever the case, each with its address."""
    made = gallery.send("POST", "boards", {"name": " beach "})
    gallery.make_board("Autumn")
    board = made.get_json()
    path = made.headers["Location"].partition("/v1/")[2]

    assert gallery.send("GET", path).get_json() == board
    assert (board["name"], board["outputs"]) == ("beach", 0)
    renamed = gallery.send("PATCH", path, {"name": "Beaches"}).get_json()
    assert (renamed["id"], renamed["name"]) == (board["id"], "Beaches")
    assert renamed["updated_at"] > board["updated_at"]
    listed = gallery.send("GET", "boards").get_json()
    assert [each["name"] for each in listed["data"]] == ["Autumn", "Beaches"]
    assert listed["next_cursor"] is None


def test_a_board_goes_without_its_outputs(gallery: Gallery, account_id: UUID, submit: Submit) -> None:
    """They stay, and so does another board that they are on."""
    submit(account_id)
    finish_one()
    [output] = gallery.list_outputs()
    mugs, cards = gallery.make_board("Mugs"), gallery.make_board("Cards")
    gallery.send("PATCH", f"outputs/{output}", {"boards": [mugs, cards]})
    assert gallery.send("GET", f"boards/{mugs}").get_json()["outputs"] == 1

    assert gallery.send("DELETE", f"boards/{mugs}").status_code == 204

    assert gallery.send("GET", f"outputs/{output}").get_json()["boards"] == [cards]
    assert gallery.send("GET", f"boards/{mugs}").get_json(force=True)["code"] == "board_not_found"
    assert gallery.send("DELETE", f"boards/{mugs}").status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "a\u0000b", "x" * 101, 5, None])
def test_a_name_says_something(gallery: Gallery, name: Any) -> None:
    """What shows nothing, or too much, is refused by the field."""
    refused = gallery.send("POST", "boards", {"name": name})

    assert refused.status_code == 422
    assert [error["field"] for error in refused.get_json(force=True)["errors"]] == ["name"]


def test_a_name_is_given_once(gallery: Gallery, client: FlaskClient, other_account_id: UUID) -> None:
    """In an account; a board keeps its own."""
    mugs = gallery.make_board("Mugs")
    cards = gallery.make_board("Cards")
    Gallery(client, other_account_id).make_board("Mugs")

    for refused in (
        gallery.send("POST", "boards", {"name": "Mugs"}),
        gallery.send("PATCH", f"boards/{cards}", {"name": "Mugs"}),
    ):
        [error] = refused.get_json(force=True)["errors"]
        assert (refused.status_code, error["field"], error["code"]) == (422, "name", "conflict")
    assert gallery.send("PATCH", f"boards/{mugs}", {"name": "Mugs"}).status_code == 200


def test_boards_have_a_limit(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than an account may have is 409."""
    monkeypatch.setattr(boards, "MAX_BOARDS", 1)
    gallery.make_board("Mugs")
    refused = gallery.send("POST", "boards", {"name": "Cards"})

    assert (refused.status_code, refused.get_json(force=True)["code"]) == (409, "too_many_boards")


def test_others_see_none(gallery: Gallery, client: FlaskClient, other_account_id: UUID) -> None:
    """Another account's board looks like none, to every operation."""
    board = gallery.make_board("Mugs")
    strangers = Gallery(client, other_account_id)

    assert strangers.send("GET", "boards").get_json()["data"] == []
    for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
        assert strangers.send(method, f"boards/{board}", body).status_code == 404
    assert gallery.send("GET", f"boards/{board}").get_json()["name"] == "Mugs"
    assert client.get("/v1/boards").status_code == 401
