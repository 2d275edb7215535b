"""Jobs whose `image` or `control_image` is a list, and tasks that take their pictures otherwise than as large as the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select, text

from bench.models_file import write_section
from core.artifacts.storage import bucket
from core.artifacts.tables import Artifact
from core.catalog import Catalog, load_catalog
from core.database import transaction
from core.errors import IdempotencyKeyReused, InvalidRequest, JobInUse
from core.ids import parse_id
from core.jobs.audit.invariants import list_violations
from core.jobs.request import input_images
from core.jobs.request.render_request import RenderRequest
from core.jobs.retention.delete_job import request_deletion
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.jobs.tables import JobSource
from core.jobs.views.job_view import JobView
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import claim_one, count_jobs, succeed
from tests.integration.input_pictures import count_stored, load_pictures
from tests.unit.pictures import data_uri, encode, picture, png_uri

KLEIN = "Flux2KleinPipeline"
RED, BLUE, GREEN = (png_uri(64, 48, colour=colour) for colour in ("red", "blue", "green"))


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A model that edits up to four pictures, and one that paints around a picture."""
    editing = write_section("editing", "x", pipeline=KLEIN, tasks=["edit"])
    painting = write_section("painting", "x", pipeline="StableDiffusionPipeline", tasks=["outpaint"])
    (tmp_path / "models.toml").write_text(editing + painting)
    return load_catalog(tmp_path / "models.toml")


class Send(Protocol):
    """Sends a job of those models."""

    def __call__(self, model: str = "editing", *, key: str | None = None, **fields: Any) -> JobView: ...


@pytest.fixture
def send(servers: LocalStack, account_id: UUID, catalog: Catalog) -> Send:
    def submit(model: str = "editing", *, key: str | None = None, **fields: Any) -> JobView:
        submission = Submission(
            request=RenderRequest(prompt="a mug", model=model, **fields),
            account_id=account_id,
            request_id="req_test",
            idempotency_key=key,
            catalog=catalog,
            settings=get_settings(),
        )
        return submit_job(submission).view

    return submit


def refuse(send: Send, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        send(**fields)
    return {error.field: error.message for error in caught.value.errors}


def list_keys(view: JobView) -> list[str]:
    return sorted(key for key, _ in bucket().list_objects(f"inputs/{view.id}/"))


def test_each_picture_is_an_input_of_its_place(send: Send) -> None:
    """The job names them in order, shows each by its place, and stores each once; the worker gets them in that order."""
    view = send(image=[RED, BLUE, GREEN])

    assert view.task == "edit"
    assert [shown.field for shown in view.inputs] == ["image.0", "image.1", "image.2"]
    assert view.request["image"] == [shown.id for shown in view.inputs]
    assert (view.request["width"], view.request["height"]) == (64, 48)
    assert list_keys(view) == [f"inputs/{view.id}/image.{number}.png" for number in range(3)]
    images = load_pictures(claim_one(), pipeline_class=KLEIN)["image"]
    assert [image.getpixel((3, 3)) for image in images] == [(255, 0, 0), (0, 0, 255), (0, 128, 0)]
    with transaction() as session:
        assert list_violations(session) == []
        positions = session.scalars(select(Artifact.position).order_by(Artifact.position)).all()
    assert positions == [0, 1, 2]


def test_a_list_of_one_is_that_picture(send: Send) -> None:
    """Also of a model that takes one alone."""
    views = [send(image=[RED]), send("painting", image=[RED], expand={"right": 16})]

    for view in views:
        assert [shown.field for shown in view.inputs] == ["image"]
        assert list_keys(view) == [f"inputs/{view.id}/image.png"]


def test_a_picture_that_comes_twice_is_stored_once(send: Send) -> None:
    """As bytes or as an artifact, within one list; the worker gets it at both places."""
    sent = send(image=[RED, BLUE, RED])
    named = send(image=[sent.inputs[1].id, sent.inputs[1].id, RED])

    assert [len(list_keys(view)) for view in (sent, named)] == [2, 1]
    assert sent.request["image"][0] == sent.request["image"][2]
    for view, colours in ((sent, "rbr"), (named, "bbr")):
        images = load_pictures(claim_one(), pipeline_class=KLEIN)["image"]
        found = "".join({(255, 0, 0): "r", (0, 0, 255): "b"}[image.getpixel((3, 3))] for image in images)
        assert (len(view.inputs), found) == (3, colours)
    with transaction() as session:
        # One row for each job that it takes from, however many of its pictures.
        assert len(session.scalars(select(JobSource)).all()) == 1
        assert list_violations(session) == []


def test_the_jobs_that_a_list_takes_from_are_kept(send: Send, account_id: UUID) -> None:
    """Every one of them, until the job has ended."""
    first, second = send(image=RED), send(image=BLUE)
    for _ in (first, second):
        succeed(claim_one())
    send(image=[first.inputs[0].id, second.inputs[0].id])

    for view in (first, second):
        job_id = parse_id("job", view.id)
        assert job_id is not None
        with transaction() as session, pytest.raises(JobInUse):
            request_deletion(session, account_id=account_id, job_id=job_id, api_key_id="k", request_id="r")


@pytest.mark.parametrize(
    ("pictures", "errors"),
    [
        ([RED, "http://example.com/a.png"], {"image.1": "must start with https://"}),
        ([RED, f"art_{'0' * 32}", "art_x"], {"image.2": "must be a data URI"}),
        ([RED, BLUE, f"art_{'0' * 32}"], {"image.2": "there is no such artifact"}),
        (["data:image/png;base64,AAAA", RED, "x"], {"image.0": "is ", "image.2": "must be a data URI"}),
        ([RED] * 5, {"image.4": "editing takes at most 4 pictures here for edit"}),
    ],
)
def test_a_bad_picture_is_named_by_its_place(send: Send, pictures: list[str], errors: dict[str, str]) -> None:
    """Nothing of the others is kept."""
    before = count_stored()

    found = refuse(send, image=pictures)

    assert list(found) == list(errors)
    for place, beginning in errors.items():
        assert found[place].startswith(beginning)
    assert (count_jobs(), count_stored()) == (0, before)


def test_the_pictures_of_a_request_have_a_bound_together(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are all in memory at once: the one that is too much is named."""
    monkeypatch.setattr(input_images, "MOST_PIXELS_TOGETHER", 2 * 64 * 48)

    assert send(image=[RED, BLUE, RED]).inputs  # the same picture counts once
    assert list(refuse(send, image=[RED, BLUE, GREEN])) == ["image.2"]


def test_a_repeated_list_is_the_same_request(send: Send) -> None:
    """By the bytes and their order; a list of one is the picture."""
    first = send(image=[RED, BLUE], key="k")
    before = count_stored()

    assert send(image=[RED, BLUE], key="k").id == first.id
    with pytest.raises(IdempotencyKeyReused):
        send(image=[BLUE, RED], key="k")
    assert count_stored() == before
    assert send(image=RED, key="one").id == send(image=[RED], key="one").id


def test_verify_looks_at_every_picture_of_a_list(send: Send) -> None:
    """A job whose second input has no row is found."""
    view = send(image=[RED, BLUE])
    with transaction() as session:
        session.execute(text("delete from artifacts where position = 1"))
        rules = [violation.rule for violation in list_violations(session)]

    assert rules == ["the images that a job starts from are there, and of its own account"]
    assert view.id


@pytest.mark.parametrize(
    ("sent", "loaded"),
    [
        ((40, 20), (40, 20)),
        ((128, 128), (128, 128)),
        ((400, 200), (181, 91)),
        ((1000, 100), (640, 64)),
        ((1000, 8), (1000, 8)),
    ],
)
def test_a_picture_that_is_looked_at_keeps_its_proportions(
    send: Send, sent: tuple[int, int], loaded: tuple[int, int]
) -> None:
    """It is made smaller if it has more pixels than the result, but no side below 64, and never larger or squashed."""
    send(image=[png_uri(*sent), RED], width=128, height=128)

    images = load_pictures(claim_one(), pipeline_class=KLEIN)["image"]

    assert [image.size for image in images] == [loaded, (64, 48)]


def test_an_outpainted_picture_comes_on_its_canvas(send: Send) -> None:
    """The size follows; the worker gets the picture at its place, its edges stretched outwards, and the mask of the rest."""
    sent = picture(32, 24)
    sent.putpixel((0, 0), (1, 2, 3))
    sent.putpixel((31, 5), (4, 5, 6))
    edges = {"left": 8, "top": 16, "right": 24, "bottom": 0}

    view = send("painting", image=data_uri(encode(sent)), expand={"left": 8, "top": 16, "right": 24})

    assert (view.task, view.request["expand"]) == ("outpaint", edges)
    assert (view.request["width"], view.request["height"]) == (64, 40)
    images = load_pictures(claim_one())
    canvas, mask = images["image"], np.asarray(images["mask_image"])
    assert (canvas.size, canvas.mode, mask.shape) == ((64, 40), "RGB", (40, 64))
    assert np.array_equal(np.asarray(canvas)[16:40, 8:40], np.asarray(sent))
    assert (mask[16:40, 8:40] == 0).all()
    assert (mask == 0).sum() == 24 * 32
    assert (mask == 255).sum() == mask.size - 24 * 32
    assert canvas.getpixel((0, 0)) == canvas.getpixel((7, 15)) == (1, 2, 3)
    assert canvas.getpixel((63, 21)) == (4, 5, 6)
    assert isinstance(canvas, Image.Image)


def test_an_outpainted_size_is_not_chosen(send: Send) -> None:
    """Naming the one that follows is no error, another is; one that the model cannot draw says what it could."""
    outpaint: dict[str, Any] = {"model": "painting", "image": RED, "expand": {"right": 16}}

    assert send(width=80, height=48, **outpaint).request["width"] == 80
    assert refuse(send, width=96, height=64, **outpaint) == {
        "width": "is 80: it follows from `image` and `expand`, so leave it out",
        "height": "is 48: it follows from `image` and `expand`, so leave it out",
    }
    assert list(refuse(send, **(outpaint | {"expand": {"right": 12}}))) == ["expand.right"]
