"""Sweeps: every cell is a job in its place; all of them are queued, or none with every error at once; drafts wait and are appended to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from core.accounts.tables import Account
from core.database import transaction
from core.jobs.tables import Job
from core.settings import get_settings
from core.sweeps.tables import Sweep
from tests.integration.attempts import claim_one, count_jobs
from tests.integration.conftest import Post, Submit
from tests.integration.present_workers import show_worker
from tests.integration.sweeps import COLOURS, Sweeps, draw, draw_all, id_of
from tests.unit.pictures import encode, picture
from worker.sheets.end_sweeps import end_sweeps

_AXES: dict[str, Any] = {
    "prompts": ["a red mug", "a blue mug"],
    "seeds": [7, 8],
    "parameters": {"guidance_scale": [2.0, 4.0]},
}


@pytest.fixture
def sweeps(client: FlaskClient, api_key: str) -> Sweeps:
    """The sweep operations of the account."""
    return Sweeps(client, api_key)


def test_every_cell_is_a_job_in_the_documented_order(sweeps: Sweeps, account_id: UUID) -> None:
    """Prompts change slowest, seeds fastest, and each job names its sweep and its cell."""
    sweep = sweeps.send({**_AXES, "base": {"num_inference_steps": 8}, "name": "Mugs", "metadata": {"order": "4711"}})

    jobs = sweeps.list_jobs(sweep)
    assert [(job["request"]["prompt"], job["request"]["guidance_scale"]) for job in jobs[::2]] == [
        *(("a red mug", 2.0), ("a red mug", 4.0)),
        *(("a blue mug", 2.0), ("a blue mug", 4.0)),
    ]
    assert jobs[1]["sweep"] == {
        "id": sweep["id"],
        "cell": {"prompt": "a red mug", "guidance_scale": 2.0, "seed": 8},
    }
    assert {job["request"]["num_inference_steps"] for job in jobs} == {8}
    assert sweep["status"] == "running"
    assert sweep["counts"] == {"queued": 8, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}
    assert (sweep["name"], sweep["metadata"], sweep["cells"]) == ("Mugs", {"order": "4711"}, 8)
    assert sweep["cost"] == pytest.approx(8 * 256 * 256 * 8 / 1e6)
    with transaction() as session:
        seeds = session.scalars(select(Job.seed).where(Job.sweep_id == id_of(sweep)).order_by(Job.id)).all()
        assert list(seeds) == [7, 8] * 4
    listed = sweeps.ask("GET", f"/jobs?sweep={sweep['id']}&status=queued&limit=3").get_json()
    assert [job["id"] for job in listed["data"]] == [job["id"] for job in jobs[:4:-1]]
    assert [each["id"] for each in sweeps.ask("GET", "/sweeps?status=running").get_json()["data"]] == [sweep["id"]]


def test_they_get_the_places_that_single_jobs_would(
    sweeps: Sweeps, submit: Submit, account_id: UUID, other_account_id: UUID
) -> None:
    """Another account's job, sent later, goes beside the first cell, and not behind the last one."""
    first = submit(account_id)
    sweep = sweeps.send({"prompts": ["a", "b", "c", "d"]})
    later = submit(other_account_id)

    with transaction() as session:
        rows = session.execute(select(Job.id, Job.fair_position, Job.cost).order_by(Job.fair_position, Job.id)).all()
    assert [row.id for row in rows][:2] == [first, later]
    positions = [row.fair_position for row in rows if row.id not in {first, later}]
    assert positions == pytest.approx([rows[0].cost * place for place in (1, 2, 3, 4)])
    assert [job["queue"]["position"] for job in sweeps.list_jobs(sweep)] == [2, 3, 4, 5]


def test_cells_without_a_seed_are_drawn_from_one(sweeps: Sweeps) -> None:
    """So that what differs between two of them is the value; a number of seeds is as many random ones."""
    sweep = sweeps.send({"prompts": ["a", "b", "c"]})
    with transaction() as session:
        assert len(set(session.scalars(select(Job.seed).where(Job.sweep_id == id_of(sweep))))) == 1

    several = sweeps.send({"prompts": ["a"], "seeds": 4})
    assert len({*several["axes"]["seeds"]}) == 4


@pytest.mark.parametrize(
    ("change", "field", "allowed"),
    [
        ({"parameters": {"guidance_scale": [2.0, 4.0, 400.0]}}, "parameters.guidance_scale[2]", {"maximum": 100.0}),
        ({"parameters": {"scheduler": ["ddim", "magic"]}}, "parameters.scheduler[1]", "enum"),
        ({"parameters": {"steps": [8, 0]}}, "parameters.steps[1]", {"minimum": 1}),
        ({"parameters": {"model": ["picturebook", "nobody"]}}, "parameters.model[1]", "enum"),
        ({"parameters": {"prompt": ["a"]}}, "parameters.prompt", None),
        ({"parameters": {"priority": ["low"]}}, "parameters.priority", None),
        ({"parameters": {"image": ["data:image/png;base64,AAAA"]}}, "parameters.image[0]", None),
        ({"prompts": ["a mug", "a mug"]}, "prompts[1]", None),
        ({"seeds": 501}, "seeds", None),
        ({"styles": ["no such style"]}, "styles[0]", None),
        ({"base": {"width": 12}}, "base.width", "multipleOf"),
        ({"base": {"prompt": "a mug"}}, "base.prompt", None),
        ({"base": {"webhook": {"url": "https://example.com"}}}, "base.webhook", None),
        ({"base": {"store": False}}, "base.store", {"enum": [True]}),
        ({"base": {"image": "art_" + "0" * 32}}, "base.image", None),
        ({"prompts": [f"prompt {number}" for number in range(200)]}, "prompts", {"maxItems": 64}),
        ({"webhook": {"url": "ftp://example.com"}}, "webhook.url", None),
    ],
)
def test_an_error_names_its_value_and_nothing_is_queued(
    sweeps: Sweeps, change: dict[str, Any], field: str, allowed: Any
) -> None:
    """The field as the sender wrote it, and what it may be."""
    answer = sweeps.ask("POST", "/sweeps", {**_AXES, **change})

    assert answer.status_code == 422, answer.get_data(as_text=True)
    problems = {problem["field"]: problem for problem in answer.get_json()["errors"]}
    problem = next((each for name, each in problems.items() if name.startswith(field)), None)
    assert problem is not None, problems
    if isinstance(allowed, str):
        assert problem["allowed"][allowed]
    elif allowed is not None:
        assert allowed.items() <= problem["allowed"].items()
    assert count_jobs() == 0
    assert sweeps.ask("GET", "/sweeps").get_json()["data"] == []


def test_it_may_cost_so_much(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the longest axis is named, with how many values it may have."""

    monkeypatch.setenv("SWEEP_MAX_COST", "4")
    get_settings.cache_clear()
    try:
        answer = sweeps.ask("POST", "/sweeps", {"prompts": ["a"], "seeds": 20})
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()

    [problem] = answer.get_json()["errors"]
    assert (problem["field"], problem["allowed"]) == ("seeds", {"maxItems": 5})
    assert "megapixel-steps" in problem["message"]
    assert count_jobs() == 0


def test_the_account_has_slots_for_all_of_them_or_none_is_queued(sweeps: Sweeps, account_id: UUID) -> None:
    """A sweep that does not fit beside what waits is refused whole, and one that never fits says so."""
    with transaction() as session:
        session.execute(update(Account).values(max_queued_jobs=5))
    assert sweeps.ask("POST", "/sweeps", _AXES).get_json()["errors"][0]["field"] == "prompts"
    sweeps.send({"prompts": ["a", "b", "c"]})

    answer = sweeps.ask("POST", "/sweeps", {"prompts": ["d", "e", "f"]})
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many_queued_jobs")
    assert count_jobs() == 3
    sweeps.send({"prompts": ["d", "e"]})
    assert sweeps.ask("POST", "/jobs", {"prompt": "one more"}).status_code == 429


def test_a_repeated_key_gives_the_first_sweep(sweeps: Sweeps) -> None:
    """Also with a number of seeds, and another body is refused."""
    body = {"prompts": ["a"], "seeds": 3}
    first = sweeps.send(body, **{"Idempotency-Key": "k1"})
    again = sweeps.ask("POST", "/sweeps", body, **{"Idempotency-Key": "k1"})

    assert again.get_json()["id"] == first["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count_jobs() == 3
    other = sweeps.ask("POST", "/sweeps", {"prompts": ["b"]}, **{"Idempotency-Key": "k1"})
    assert other.get_json()["code"] == "idempotency_key_reused"


def test_a_draft_is_appended_to_and_finalised(sweeps: Sweeps) -> None:
    """Nothing is queued before; both calls can be repeated."""
    draft = sweeps.send({"prompts": ["a"], "seeds": [7], "base": {"num_inference_steps": 4}, "draft": True})
    assert (draft["status"], draft["cells"], count_jobs()) == ("draft", 1, 0)
    path = f"/sweeps/{draft['id']}"
    more = {"prompts": ["b"], "seeds": [7, 8], "parameters": {"guidance_scale": [2.0, 4.0]}}
    for _ in range(2):
        appended = sweeps.ask("POST", f"{path}/append", more).get_json()
        assert appended["axes"] == {
            "prompts": ["a", "b"],
            "styles": [],
            "seeds": [7, 8],
            "parameters": {"guidance_scale": [2.0, 4.0]},
        }
    wrong = sweeps.ask("POST", f"{path}/append", {"parameters": {"guidance_scale": [-1.0]}})
    assert wrong.get_json()["errors"][0]["field"] == "parameters.guidance_scale[2]"

    for _ in range(2):
        finalised = sweeps.ask("POST", f"{path}/finalise")
        assert (finalised.status_code, finalised.get_json()["status"]) == (202, "running")
        assert count_jobs() == 8
    late = sweeps.ask("POST", f"{path}/append", {"prompts": ["c"]})
    assert (late.status_code, late.get_json()["code"]) == (409, "sweep_not_draft")


def test_another_accounts_sweep_is_none(
    sweeps: Sweeps, client: FlaskClient, api_key: str, post: Post, other_account_id: UUID
) -> None:
    """Nor are its jobs."""
    sweep = sweeps.send({"prompts": ["a"]})
    with transaction() as session:
        session.execute(update(Sweep).values(account_id=other_account_id))
    for method, path in (
        *(("GET", ""), ("GET", "/jobs"), ("GET", "/events"), ("DELETE", "")),
        *(("POST", "/cancel"), ("POST", "/finalise")),
    ):
        answer = sweeps.ask(method, f"/sweeps/{sweep['id']}{path}")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "sweep_not_found"), path
    assert sweeps.ask("POST", f"/sweeps/{sweep['id']}/append", {"prompts": ["b"]}).status_code == 404


def test_all_cells_start_from_one_picture(sweeps: Sweeps, client: FlaskClient, api_key: str) -> None:
    """A file of the account, which is kept until the last of them has ended; one that has gone is named, and nothing is queued."""
    file = client.post(
        "/v1/files",
        data=encode(picture(128, 128)),
        headers={"Authorization": f"Bearer {api_key}", "Content-Type": "image/png"},
    ).get_json()
    base = {"image": file["id"], "num_inference_steps": 4}
    body = {"prompts": ["a mug", "a cup"], "parameters": {"strength": [0.5, 1.0]}, "base": base}
    sweep = sweeps.send(body)

    jobs = sweeps.list_jobs(sweep)
    assert {job["inputs"][0]["id"] for job in jobs} == {file["id"]}
    assert {job["task"] for job in jobs} == {"image-to-image"}
    draft = sweeps.send(body | {"draft": True})
    assert sweeps.ask("DELETE", f"/files/{file['id']}").get_json()["code"] == "file_in_use"
    draw_all()
    assert sweeps.ask("DELETE", f"/files/{file['id']}").status_code == 200
    refused = sweeps.ask("POST", f"/sweeps/{draft['id']}/finalise")
    assert [problem["field"] for problem in refused.get_json()["errors"]] == ["base.image"]
    assert sweeps.read(draft)["status"] == "draft"
    assert count_jobs() == 4


def test_what_is_wrong_in_one_column_says_so(sweeps: Sweeps) -> None:
    """A value that is right in other cells is named with the values of those in which it is not."""
    answer = sweeps.ask(
        "POST",
        "/sweeps",
        {
            "prompts": ["a"],
            "parameters": {"strength": [0.5], "model": ["picturebook", "nobody"]},
            "base": {"width": 64},
        },
    )
    problems = {problem["field"]: problem["message"] for problem in answer.get_json()["errors"]}
    assert "parameters.model[1]" in problems
    assert count_jobs() == 0


def test_it_waits_with_its_account(sweeps: Sweeps) -> None:
    """If the account runs as many jobs as it may, the cells wait as its other jobs do, and each end releases one."""
    with transaction() as session:
        session.execute(update(Account).values(max_running_jobs=1))
    show_worker()
    sweeps.ask("POST", "/jobs", {"prompt": "first"})
    first = claim_one()
    sweep = sweeps.send({"prompts": ["a", "b"]})
    assert {job["queue"]["reason"] for job in sweeps.list_jobs(sweep)} == {"account_limit"}
    draw(first, COLOURS[0])
    assert len(draw_all()) == 2
    end_sweeps()
    assert sweeps.read(sweep)["status"] == "finished"


def test_what_a_draft_has_stays_when_an_axis_is_new(sweeps: Sweeps) -> None:
    """The base's own value becomes the first of the axis; a seed that nobody gave is drawn when the jobs are queued."""
    draft = sweeps.send({"base": {"prompt": "a", "guidance_scale": 3.0, "num_inference_steps": 4}, "draft": True})
    more = {"prompts": ["b"], "parameters": {"guidance_scale": [5.0]}, "seeds": [7]}
    appended = sweeps.ask("POST", f"/sweeps/{draft['id']}/append", more).get_json()

    assert (appended["axes"]["prompts"], appended["axes"]["seeds"]) == (["a", "b"], [7])
    assert appended["axes"]["parameters"] == {"guidance_scale": [3.0, 5.0]}
    assert appended["base"] == {"num_inference_steps": 4}
    other = sweeps.send({"prompts": ["a", "b"], "draft": True})
    assert "seed" not in other["base"]
    assert "seed" in sweeps.ask("POST", f"/sweeps/{other['id']}/finalise").get_json()["base"]


def test_a_parameter_is_one_axis(sweeps: Sweeps) -> None:
    """Under whichever of its names."""
    answer = sweeps.ask("POST", "/sweeps", {"prompts": ["a"], "parameters": {"num_inference_steps": [4], "steps": [8]}})
    assert [problem["field"] for problem in answer.get_json()["errors"]] == ["parameters.steps"]
