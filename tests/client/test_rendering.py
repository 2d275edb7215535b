"""One call, and the pictures are there."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from darkroom import (
    AsyncDarkroom,
    Darkroom,
    Event,
    InvalidPicture,
    InvalidRequest,
    Job,
    JobCancelled,
    JobFailed,
    NotFound,
    Picture,
    Pictures,
    WaitTimedOut,
)
from darkroom.connection import Connection
from PIL import Image

from tests.acceptance.customer import SMALL


@pytest.fixture
def pictures(darkroom: Darkroom) -> Pictures:
    """Two small pictures."""
    return darkroom.render("a red mug", num_images=2, seed=7, **SMALL)


def test_pictures_come_with_their_seeds_and_their_job(pictures: Pictures) -> None:
    """In order, and as the job says."""
    assert [picture.seed for picture in pictures] == [7, 8]
    assert pictures.job.status == "succeeded"
    assert [picture.to_pil().size for picture in pictures] == [(64, 64), (64, 64)]


def test_pictures_are_saved_as_they_are_named(pictures: Pictures, tmp_path: Path) -> None:
    """Numbered, in another format, without an ending, or into a folder."""
    first = pictures[0]

    assert [path.name for path in pictures.save(tmp_path / "mug.png")] == ["mug.png", "mug-2.png"]
    assert (tmp_path / "mug.png").read_bytes() == first.data
    assert first.save(tmp_path / "new/mug").name == "mug.png"
    assert first.save(tmp_path).name == f"{first.id}.png"
    with Image.open(first.save(tmp_path / "mug.jpg")) as saved:
        assert (saved.format, saved.size) == ("JPEG", (64, 64))


def test_a_picture_shows_itself_in_a_notebook(pictures: Pictures) -> None:
    """As HTML with its prompt, escaped, and as PNG."""
    marked = Picture(pictures[0].data, "image/png", caption='"a" < b', seed=7)

    assert marked._repr_png_() == pictures[0].data
    assert "&quot;a&quot; &lt; b · seed 7" in marked._repr_html_()
    assert pictures._repr_html_().count("<img ") == 2


def test_a_picture_in_another_format(darkroom: Darkroom, tmp_path: Path) -> None:
    """Keeps its bytes."""
    [picture] = darkroom.render("a red mug", output_format="webp", **SMALL)

    assert picture.save(tmp_path / "mug").suffix == ".webp"
    assert picture._repr_png_() is None


def _open_ways(path: Path, earlier: Picture, job: Job) -> dict[str, Any]:
    return {
        "path": path,
        "name": str(path),
        "bytes": path.read_bytes(),
        "file": path.open("rb"),
        "pil": Image.open(path),
        "picture": earlier,
        "output": job.outputs[0],
        "id": job.outputs[0].id,
        "address": job.outputs[0].url,
    }


def test_a_picture_is_taken_in_every_way(darkroom: Darkroom, pictures: Pictures, cat: Path) -> None:
    """Path, bytes, file, PIL image, picture, output, id and address; the same bytes are sent once."""
    ways = _open_ways(cat, pictures[0], pictures.job)
    jobs = {
        way: darkroom.submit("a blue mug", image=image, strength=0.5, num_inference_steps=2)
        for way, image in ways.items()
    }
    ways["file"].close()

    inputs = {way: darkroom.wait(job).inputs[0].id for way, job in jobs.items()}
    assert inputs["path"] == inputs["name"] == inputs["bytes"] == inputs["file"]
    assert inputs["path"].startswith("file_")
    assert inputs["picture"] == inputs["output"] == inputs["id"] == inputs["address"] == pictures[0].id
    assert inputs["pil"].startswith("file_")


def test_a_large_picture_is_asked_for_before_it_is_sent(darkroom: Darkroom) -> None:
    """And not sent again."""
    written = io.BytesIO()
    Image.effect_noise((512, 512), 100).save(written, format="PNG")

    first = darkroom.files.send(written.getvalue())
    sent: list[bytes] = []
    darkroom._transport.http.event_hooks = {"request": [lambda request: sent.append(request.read())]}
    again = darkroom.files.send(written.getvalue())

    assert again.id == first.id
    assert sum(map(len, sent)) < 1_000


def test_a_job_that_is_not_stored_leaves_no_file(darkroom: Darkroom, cat: Path) -> None:
    """Its picture is in the request itself."""
    job = darkroom.submit("a blue mug", image=cat, strength=0.5, store=False, num_inference_steps=2)

    assert darkroom.wait(job).status == "succeeded"
    assert list(darkroom.files.list()) == []


def test_what_is_no_picture_is_named(darkroom: Darkroom, tmp_path: Path) -> None:
    """With the parameter, before or after the service has seen it."""
    with pytest.raises(InvalidPicture, match="mask_image: there is no file"):
        darkroom.submit("a mug", mask_image=tmp_path / "none.png")
    with pytest.raises(InvalidPicture, match="image: a int is no picture"):
        darkroom.submit("a mug", image=7)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=r"^image: "):
        darkroom.submit("a mug", image=b"no picture")


def test_a_refusal_names_every_field(darkroom: Darkroom) -> None:
    """With code, allowed values and the id of the request."""
    with pytest.raises(InvalidRequest) as refused:
        darkroom.submit("a mug", width=7, num_inference_steps=4_000)

    error = refused.value
    assert (error.status, error.code) == (422, "invalid_request")
    assert {field.field for field in error.errors} == {"width", "num_inference_steps"}
    assert str(error.request_id).startswith("req_")
    assert all(field.field in str(error) for field in error.errors)


def test_a_failed_job_raises(darkroom: Darkroom, cat: Path) -> None:
    """With why it failed; `wait` alone returns it."""
    black = Image.new("L", (64, 64))
    job = darkroom.submit("a mug", image=cat, mask_image=black, num_inference_steps=2)

    assert darkroom.wait(job).status == "failed"
    with pytest.raises(JobFailed) as failed:
        darkroom.pictures(job)
    assert (failed.value.code, failed.value.fault) == ("invalid_request", "client")
    assert failed.value.job.id == job.id


def test_a_wait_that_is_too_long_ends(darkroom: Darkroom) -> None:
    """The job goes on, and can be cancelled; a render of it raises."""
    darkroom.queue.pause()
    with pytest.raises(WaitTimedOut) as ended:
        darkroom.render("a mug", timeout=0.5)
    job = darkroom.jobs.get(ended.value.id)
    assert job.status == "queued"
    with pytest.raises(WaitTimedOut):
        darkroom.render("a mug", timeout=0.5, on_event=lambda _: None)

    darkroom.cancel(job)
    with pytest.raises(JobCancelled):
        darkroom.pictures(job)


def test_events_are_heard_while_it_renders(darkroom: Darkroom) -> None:
    """Each step, and the end with the whole job."""
    heard: list[Event] = []
    pictures = darkroom.render("a mug", on_event=heard.append, width=64, height=64, num_inference_steps=3)

    assert [event.step for event in heard if event.type == "step"][-1] == 3
    assert heard[-1].job is not None
    assert heard[-1].job.model_extra == {}
    assert heard[-1].job.request == pictures.job.request


def test_the_same_key_or_id_is_one_job(darkroom: Darkroom) -> None:
    """However often it is sent."""
    keyed = [darkroom.submit("a mug", idempotency_key="mug-1", **SMALL).id for _ in range(2)]
    named = [darkroom.submit("a mug", id="mug-2", **SMALL).id for _ in range(2)]

    assert len({*keyed, *named}) == 2
    assert darkroom.jobs.get("mug-2").id == named[0]


def test_a_sweep_returns_its_jobs_and_its_sheet(darkroom: Darkroom, tmp_path: Path) -> None:
    """In the order of the cells."""
    swept = darkroom.sweep(prompts=["a red mug", "a blue mug"], seeds=[1, 2], base=SMALL)

    assert [job.sweep.cell for job in swept.jobs if job.sweep] == [
        {"prompt": prompt, "seed": seed} for prompt in ("a red mug", "a blue mug") for seed in (1, 2)
    ]
    with Image.open(swept.save(tmp_path / "sheet.png")) as sheet:
        assert sheet.width > 128
    assert len(darkroom.pictures(swept.jobs[0])) == 1


def test_a_sweep_over_pictures(darkroom: Darkroom, cat: Path) -> None:
    """Sends each of them, once."""
    other = Image.new("RGB", (64, 64), "red")
    sweep = darkroom.sweeps.create(
        prompts=["a mug"], parameters={"image": [cat, other]}, base={"strength": 0.5, "num_inference_steps": 2}
    )

    assert darkroom.sweeps.wait(sweep).counts["succeeded"] == 2
    assert len(sweep.axes.parameters["image"]) == 2


def test_a_replay_is_compared(darkroom: Darkroom) -> None:
    """And equal to the bit where it is deterministic."""
    job = darkroom.wait(darkroom.submit("a mug", deterministic=True, **SMALL))
    replayed = darkroom.wait(darkroom.replay(job))

    assert replayed.replay is not None
    assert replayed.replay.comparison is not None
    assert replayed.replay.comparison.equal


def test_an_address_that_has_expired_is_asked_for_again(darkroom: Darkroom, pictures: Pictures) -> None:
    """Of a job that was read long ago."""
    job = pictures.job
    old = [output.model_copy(update={"url": f"{output.url}0"}) for output in job.outputs]

    again = darkroom.pictures(job.model_copy(update={"outputs": old}))
    assert [picture.data for picture in again] == [picture.data for picture in pictures]


def test_a_deleted_job_is_gone(darkroom: Darkroom, pictures: Pictures) -> None:
    """And its receipt is there."""
    receipt = darkroom.jobs.delete(pictures.job)

    assert darkroom.deletions.get(receipt).job_id == pictures.job.id
    with pytest.raises(NotFound):
        darkroom.jobs.get("job_none")


def test_pages_are_turned(darkroom: Darkroom) -> None:
    """All of them, or as many as were asked for."""
    darkroom.queue.pause()
    sent = [darkroom.submit(f"mug {number}").id for number in range(3)]
    darkroom._transport.http.event_hooks = {"request": []}

    assert [job.id for job in darkroom.jobs.list()] == sent[::-1]
    assert [job.id for job in darkroom.jobs.list(limit=2, order="asc")] == sent[:2]
    assert list(darkroom.jobs.list_fields(["id"], prompt="mug 1")) == [{"id": sent[1]}]
    assert darkroom.jobs.cancel_many(all=True).cancelled == sent


def test_the_asynchronous_client_renders_side_by_side(account: Connection) -> None:
    """Several calls at once on one client."""

    async def render_all() -> list[Pictures]:
        async with AsyncDarkroom(account.url, account.api_key) as darkroom:
            return await asyncio.gather(*(darkroom.render(f"mug {number}", **SMALL) for number in range(3)))

    assert [len(pictures) for pictures in asyncio.run(render_all())] == [1, 1, 1]
