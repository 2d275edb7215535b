"""The gallery: outputs as they are found again and marked."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.ids import format_id, parse_id
from core.jobs.retention.expire_images import expire_images
from core.settings import get_settings
from tests.integration.conftest import Submit
from tests.integration.kept import count_rows, finish_one, pass_time, violations_of


class Gallery:
    """The outputs and boards of one account, over HTTP."""

    def __init__(self, client: FlaskClient, account_id: UUID) -> None:
        with transaction() as session:
            pepper = get_settings().api_key_pepper.get_secret_value()
            api_key = issue_api_key(session, account_id=account_id, pepper=pepper)
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Any operation below /v1."""
        return self._client.open(f"/v1/{path}", method=method, json=body, headers=self._headers | headers)

    def list_outputs(self, query: str = "") -> list[str]:
        """The ids of the first page."""
        answer = self.send("GET", f"outputs?{query}")
        assert answer.status_code == 200, answer.text
        return [output["id"] for output in answer.get_json()["data"]]

    def list_jobs(self, query: str = "") -> list[str]:
        """The ids of the first page of jobs."""
        return [job["id"] for job in self.send("GET", f"jobs?{query}").get_json()["data"]]

    def change(self, *outputs: str, **marks: Any) -> TestResponse:
        """Mark many."""
        return self.send("POST", "outputs/change", {"outputs": [*outputs], **marks})

    def make_board(self, name: str) -> str:
        """A new board's id."""
        answer = self.send("POST", "boards", {"name": name})
        assert answer.status_code == 201, answer.text
        board: str = answer.get_json()["id"]
        return board


@pytest.fixture
def gallery(client: FlaskClient, account_id: UUID) -> Gallery:
    """Of an account without outputs."""
    return Gallery(client, account_id)


@pytest.fixture
def strangers(client: FlaskClient, other_account_id: UUID) -> Gallery:
    """Of another account."""
    return Gallery(client, other_account_id)


@pytest.fixture
def outputs(account_id: UUID, submit: Submit, gallery: Gallery) -> list[str]:
    """Three outputs, the oldest first, of a red mug, a blue mug and a red boat."""
    for prompt in ("a red mug", "a blue mug", "a red boat"):
        submit(account_id, prompt=prompt, negative_prompt="green" if "boat" in prompt else None)
        finish_one()
    return gallery.list_outputs("order=asc")


def test_an_output_says_what_made_it(gallery: Gallery, outputs: list[str]) -> None:
    """Its job, seed, prompt, size and address, as the job's own view has them."""
    newest = gallery.send("GET", "outputs").get_json()["data"][0]
    job = gallery.send("GET", f"jobs/{newest['job_id']}").get_json()
    [of_job] = job["outputs"]

    for field in ("id", "media_type", "width", "height", "byte_size", "sha256", "seed"):
        assert newest[field] == of_job[field], field
    assert newest["url"].partition("?")[0] == of_job["url"].partition("?")[0]
    assert (newest["prompt"], newest["negative_prompt"]) == ("a red boat", "green")
    assert (newest["model"], newest["task"], newest["style"]) == (job["model"], job["task"], None)
    assert newest["expires_at"] == job["expires_at"]
    assert (newest["favourite"], newest["boards"], newest["position"]) == (False, [], 0)
    alone = gallery.send("GET", f"outputs/{newest['id']}").get_json()
    assert {**alone, "url": "", "url_expires_at": ""} == {**newest, "url": "", "url_expires_at": ""}


def test_a_file_is_found_by_its_bytes(gallery: Gallery, strangers: Gallery, outputs: list[str]) -> None:
    """By its sha256 in small or capital digits, alone among the account's pictures; pictures of equal bytes are all found."""
    sha256 = hashlib.sha256(b"another picture").hexdigest()
    with transaction() as session:
        values = {"id": parse_id("art", outputs[1]), "sha256": sha256}
        session.execute(text("update artifacts set sha256 = :sha256 where id = :id"), values)
    alike = gallery.send("GET", f"outputs/{outputs[0]}").get_json()["sha256"]

    assert gallery.list_outputs(f"sha256={sha256}") == [outputs[1]]
    assert gallery.list_outputs(f"sha256={sha256.upper()}&prompt=mug") == [outputs[1]]
    assert gallery.list_outputs(f"sha256={sha256}&prompt=boat") == []
    assert gallery.list_outputs(f"sha256={alike}") == [outputs[2], outputs[0]]
    assert strangers.list_outputs(f"sha256={sha256}") == []
    refused = gallery.send("GET", "outputs?sha256=found.png")
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "sha256")


def test_pages_hold_each_output_once(gallery: Gallery, outputs: list[str], account_id: UUID, submit: Submit) -> None:
    """Newest first, also while others are made; or oldest first."""
    first = gallery.send("GET", "outputs?limit=2").get_json()
    submit(account_id)
    finish_one()
    rest = gallery.send("GET", f"outputs?limit=2&cursor={first['next_cursor']}").get_json()

    assert [output["id"] for output in first["data"] + rest["data"]] == outputs[::-1]
    assert rest["next_cursor"] is None
    assert len(gallery.list_outputs()) == 4


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("prompt=red", [2, 0]),
        ("prompt=red+-boat", [0]),
        ('prompt="blue+mug"', [1]),
        ("prompt=zeppelin", []),
        ("model=picturebook", [2, 1, 0]),
        ("model=other&model=picturebook&prompt=mug", [1, 0]),
        ("model=other", []),
        ("task=text-to-image", [2, 1, 0]),
        ("task=inpainting", []),
        ("style=poster", []),
        ("created_after=2020-01-01T00:00:00Z", [2, 1, 0]),
        ("created_before=2020-01-01T00:00:00Z", []),
        ("favourite=true", [1]),
        ("favourite=false", [2, 0]),
        ("favourite=true&prompt=red", []),
        ("board={board}", [1, 0]),
        ("board={board}&order=asc", [0, 1]),
        ("board={board}&favourite=false", [0]),
        ("on_board=true", [1, 0]),
        ("on_board=false", [2]),
        ("board=board_" + "0" * 32, []),
    ],
)
def test_outputs_are_found(gallery: Gallery, outputs: list[str], query: str, found: list[int]) -> None:
    """By what is on them, what made them, and how they are marked."""
    board = gallery.make_board("Mugs")
    gallery.change(outputs[1], favourite=True)
    gallery.change(*outputs[:2], add_to_board=board)

    assert gallery.list_outputs(query.format(board=board)) == [outputs[place] for place in found]


def test_outputs_of_a_style_and_a_sweep_are_found(gallery: Gallery, account_id: UUID, submit: Submit) -> None:
    """By their names."""
    sweep = gallery.send("POST", "sweeps", {"prompts": ["a mug", "a boat"]}).get_json()["id"]
    finish_one()
    finish_one()
    submit(account_id, style="icon")
    styled = finish_one()

    assert len(gallery.list_outputs(f"sweep={sweep}")) == 2
    [output] = gallery.send("GET", "outputs?style=icon").get_json()["data"]
    assert (output["job_id"], output["style"]) == (format_id("job", styled), "icon")


def test_one_output_is_marked(gallery: Gallery, outputs: list[str]) -> None:
    """What a request does not name stays; its boards are replaced as a whole."""
    mugs, cards = gallery.make_board("Mugs"), gallery.make_board("Cards")
    path = f"outputs/{outputs[0]}"

    assert gallery.send("PATCH", path, {"favourite": True}).get_json()["favourite"] is True
    both = gallery.send("PATCH", path, {"boards": [mugs, cards]}).get_json()
    assert (both["favourite"], both["boards"]) == (True, sorted([mugs, cards]))
    assert gallery.send("PATCH", path, {"boards": [cards]}).get_json()["boards"] == [cards]
    nothing = gallery.send("PATCH", path, {"favourite": False, "boards": []}).get_json()
    assert (nothing["favourite"], nothing["boards"]) == (False, [])
    assert gallery.send("PATCH", path, {}).status_code == 200


def test_many_are_marked_twice_over(gallery: Gallery, outputs: list[str]) -> None:
    """The second time changes nothing, and an id that is named twice counts once."""
    board = gallery.make_board("Mugs")
    for _ in range(2):
        answer = gallery.change(outputs[0], outputs[1], outputs[0], favourite=True, add_to_board=board)
        assert [output["id"] for output in answer.get_json()["data"]] == outputs[:2]
        assert {output["favourite"] for output in answer.get_json()["data"]} == {True}
    assert gallery.list_outputs("favourite=true") == gallery.list_outputs(f"board={board}") == outputs[1::-1]
    gallery.change(outputs[0], remove_from_board=board)
    assert gallery.list_outputs(f"board={board}") == [outputs[1]]


def test_all_are_marked_or_none(gallery: Gallery, outputs: list[str]) -> None:
    """Each output and board that is not there is named."""
    absent = "art_" + "0" * 32
    refused = gallery.change(outputs[0], absent, favourite=True)
    of_board = gallery.change(outputs[0], favourite=True, add_to_board="board_" + "0" * 32)
    patched = gallery.send("PATCH", f"outputs/{outputs[0]}", {"favourite": True, "boards": ["board_" + "0" * 32]})

    assert [(error["field"], error["code"]) for error in refused.get_json(force=True)["errors"]] == [
        ("outputs.1", "not_found")
    ]
    assert [error["field"] for error in of_board.get_json(force=True)["errors"]] == ["add_to_board"]
    assert [error["field"] for error in patched.get_json(force=True)["errors"]] == ["boards.0"]
    assert {answer.status_code for answer in (refused, of_board, patched)} == {422}
    assert gallery.list_outputs("favourite=true") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "outputs"),
        ({"outputs": []}, "outputs"),
        ({"outputs": ["art_1"]}, "outputs.0"),
        ({"outputs": ["art_" + "0" * 32] * 101}, "outputs"),
        ({"outputs": ["art_" + "0" * 32], "favourite": "yes"}, "favourite"),
        ({"outputs": ["art_" + "0" * 32], "add_to_board": "Mugs"}, "add_to_board"),
        ({"outputs": ["art_" + "0" * 32], "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_change_names_its_field(gallery: Gallery, body: dict[str, Any], field: str) -> None:
    """Before anything is looked up."""
    refused = gallery.send("POST", "outputs/change", body)

    assert refused.status_code == 422
    assert field in [error["field"] for error in refused.get_json(force=True)["errors"]]


@pytest.mark.parametrize(
    "query", ["favourite=maybe", "board=Mugs", "limit=101", "cursor=abc", "task=dancing", "colour=red"]
)
def test_a_wrong_query_names_its_parameter(gallery: Gallery, query: str) -> None:
    """As every list does."""
    refused = gallery.send("GET", f"outputs?{query}")

    assert refused.status_code == 422
    assert refused.get_json(force=True)["errors"][0]["field"].startswith(query.partition("=")[0])


def test_others_see_and_change_nothing(gallery: Gallery, strangers: Gallery, outputs: list[str]) -> None:
    """Another account's output and board look like none."""
    board = gallery.make_board("Mugs")
    own = strangers.make_board("Mugs")

    assert strangers.list_outputs() == strangers.list_outputs(f"board={board}") == []
    for answer in (
        strangers.send("GET", f"outputs/{outputs[0]}"),
        strangers.send("PATCH", f"outputs/{outputs[0]}", {"favourite": True}),
    ):
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "output_not_found")
    assert strangers.change(outputs[0], favourite=True).status_code == 422
    assert gallery.change(outputs[0], add_to_board=own).status_code == 422
    assert gallery.list_outputs("favourite=true") == gallery.list_outputs("on_board=true") == []
    assert gallery.send("GET", "outputs/job_1").status_code == 404


def test_an_unchanged_page_is_304(gallery: Gallery, outputs: list[str]) -> None:
    """Until something on it is marked."""
    etag = gallery.send("GET", "outputs").headers["ETag"]
    assert gallery.send("GET", "outputs", **{"If-None-Match": etag}).status_code == 304

    gallery.change(outputs[0], favourite=True)

    assert gallery.send("GET", "outputs", **{"If-None-Match": etag}).status_code == 200


def test_a_favourite_expires_like_any_other(gallery: Gallery, account_id: UUID, submit: Submit) -> None:
    """It is in no list from then on, on no board, and cannot be marked any more."""
    submit(account_id)
    job_id = finish_one()
    [output] = gallery.list_outputs()
    board = gallery.make_board("Mugs")
    gallery.change(output, favourite=True, add_to_board=board)
    pass_time(job_id)
    with transaction() as session:
        expire_images(session, at_most=10)

    assert (
        gallery.list_outputs() == gallery.list_outputs("favourite=true") == gallery.list_outputs(f"board={board}") == []
    )
    assert gallery.list_jobs("favourite=true") == []
    assert gallery.send("GET", f"boards/{board}").get_json()["outputs"] == 0
    assert gallery.send("GET", f"outputs/{output}").status_code == 404
    assert gallery.change(output, favourite=True).status_code == 422


def test_all_but_favourites_are_deleted(gallery: Gallery, outputs: list[str]) -> None:
    """With what is on a board spared as well, if it is asked for. Deleted outputs leave no place on a board."""
    board = gallery.make_board("Mugs")
    gallery.change(outputs[0], favourite=True)
    gallery.change(outputs[0], outputs[1], add_to_board=board)

    spared = gallery.send("POST", "jobs/delete", {"favourite": False, "on_board": False})
    assert (spared.status_code, spared.get_json()["completed"]) == (200, 1)
    assert gallery.list_outputs() == [outputs[1], outputs[0]]
    done = gallery.send("POST", "jobs/delete", {"favourite": False})
    assert (done.get_json()["completed"], done.get_json()["has_more"]) == (1, False)
    assert gallery.list_outputs() == gallery.list_outputs(f"board={board}") == [outputs[0]]
    assert gallery.send("GET", f"boards/{board}").get_json()["outputs"] == 1


def test_jobs_are_found_by_their_outputs_marks(
    gallery: Gallery, outputs: list[str], account_id: UUID, submit: Submit
) -> None:
    """A job that has not ended is none with a favourite."""
    waiting = format_id("job", submit(account_id))
    board = gallery.make_board("Mugs")
    gallery.change(outputs[0], favourite=True)
    gallery.change(outputs[1], add_to_board=board)
    jobs = {output["id"]: output["job_id"] for output in gallery.send("GET", "outputs").get_json()["data"]}

    assert gallery.list_jobs("favourite=true") == [jobs[outputs[0]]]
    assert gallery.list_jobs("favourite=false") == [waiting, jobs[outputs[2]], jobs[outputs[1]]]
    assert gallery.list_jobs("on_board=true") == [jobs[outputs[1]]]
    assert gallery.list_jobs("favourite=false&on_board=false&prompt=red") == [waiting, jobs[outputs[2]]]


def test_no_rule_is_broken_by_marks(gallery: Gallery, account_id: UUID, submit: Submit) -> None:
    """A job whose output is a favourite on two boards is deleted whole."""
    submit(account_id)
    job_id = finish_one()
    [output] = gallery.list_outputs()
    for name in ("Mugs", "Cards"):
        gallery.change(output, favourite=True, add_to_board=gallery.make_board(name))
    assert violations_of(job_id) == []

    assert gallery.send("DELETE", f"jobs/{format_id('job', job_id)}").status_code == 200

    assert count_rows(job_id) == {"usage_records": 1}
    with transaction() as session:
        assert session.execute(text("select count(*) from board_outputs")).scalar_one() == 0
