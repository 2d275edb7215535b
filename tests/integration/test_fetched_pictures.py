"""Jobs that name their pictures by address: they wait, the pictures are fetched, or the job fails and says what came back."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, text

from bench.models_file import write_section
from core.accounts.tables import UsageRecord
from core.catalog import load_catalog
from core.database import autocommit, transaction
from core.ids import parse_id
from core.jobs.fetches.claim_fetch import claim_fetch
from core.jobs.queue.tables import AccountClock
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.jobs.tables import InputFetch, Job
from core.jobs.views.build_view import show_row
from core.jobs.views.read_jobs import read_job
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import cancel, claim, claim_one
from tests.integration.conftest import Post
from tests.integration.input_pictures import errors_of, load_pictures, pixel, stored_for
from tests.integration.picture_server import Answer, PictureServer, serving_pictures
from tests.integration.present_workers import show_worker
from tests.integration.sent_files import broken_rules
from tests.unit.pictures import encode, picture, png_uri
from worker.fetches import download as download_module
from worker.fetches import fetch_pictures
from worker.fetches.fetch_pictures import fetch_next, get_fetch_slots
from worker.maintenance.sweep import sweep

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
Show = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def pictures(servers: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[PictureServer]:
    """A server of pictures that the dispatcher may fetch from, and trusts."""
    monkeypatch.setenv("FETCH_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("FETCH_MAX_BYTES", "100000")
    get_settings.cache_clear()
    with serving_pictures() as served:
        monkeypatch.setattr(download_module, "_tls", lambda: served.trusting)
        yield served
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def call(client: FlaskClient, api_key: str) -> Call:
    """What its owner does to a job."""

    def send(method: str, job: dict[str, Any]) -> dict[str, Any]:
        answer = client.open(f"/v1/jobs/{job['id']}", method=method, headers={"Authorization": f"Bearer {api_key}"})
        shown: dict[str, Any] = answer.get_json()
        return shown

    return send


@pytest.fixture
def show(call: Call) -> Show:
    """Read a job."""
    return lambda job: call("GET", job)


def due_now() -> None:
    """The next try of every fetch is due."""
    with transaction() as session:
        session.execute(text("update input_fetches set next_try_at = now() - interval '1 second'"))


def count_fetches() -> Any:
    with transaction() as session:
        return session.scalars(text("select count(*) from input_fetches")).one()


def files_of(job: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The job's pictures by what stays: their links are signed anew at each read."""
    return [(shown["id"], shown["field"], shown["sha256"]) for shown in job["inputs"]]


def id_of(job: dict[str, Any]) -> UUID:
    job_id = parse_id("job", job["id"])
    assert job_id is not None
    return job_id


def test_a_picture_is_fetched(pictures: PictureServer, post: Post, show: Show) -> None:
    """The job waits for it, and says so; then it is the job's input like any other, without its metadata, and the job's size
    follows from it.
    """
    show_worker()
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    address = pictures.serve("/cat.jpg?token=1", encode(picture(160, 80, colour="blue"), "JPEG", exif=exif))

    accepted = post({"prompt": "a mug", "image": address})
    waiting = accepted.get_json()
    assert accepted.status_code == 202
    assert (waiting["task"], waiting["request"]["image"]) == ("image-to-image", address)
    assert (waiting["queue"]["reason"], waiting["inputs"], claim()) == ("fetching_pictures", [], None)
    assert broken_rules(waiting["id"]) == []
    fetch_next()

    job = show(waiting)
    [shown] = job["inputs"]
    assert (job["queue"]["reason"], job["request"]["image"]) == ("waiting_for_worker", shown["id"])
    assert (job["request"]["width"], job["request"]["height"]) == (160, 80)
    stored = httpx2.get(shown["url"]).content
    with Image.open(io.BytesIO(stored)) as ours:
        assert (ours.format, ours.size, dict(ours.getexif())) == ("PNG", (160, 80), {})
    assert b"secret" not in stored
    assert pixel(load_pictures(claim_one())["image"], 5, 5)[2] > 250
    assert (count_fetches(), broken_rules(job["id"])) == (0, [])


def test_addresses_in_every_field_and_in_company(pictures: PictureServer, post: Post, show: Show) -> None:
    """A picture that is named twice is fetched once; one that came with the request stays beside them."""
    address = pictures.serve("/mask.png", encode(picture(64, 48, mode="L", colour=255)))

    job = post({"prompt": "a mug", "image": png_uri(64, 48), "mask_image": address}).get_json()
    fetch_next()

    assert [(shown["field"], shown["width"]) for shown in show(job)["inputs"]] == [("image", 64), ("mask_image", 64)]
    both = post({"prompt": "a mug", "image": address, "mask_image": address}).get_json()
    fetch_next()
    assert len({shown["id"] for shown in show(both)["inputs"]}) == 1
    assert (pictures.asked["/mask.png"], len(stored_for(both))) == (2, 1)


def test_addresses_in_a_list_keep_their_places(
    pictures: PictureServer, account_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside pictures that came with the request, in a model that takes several."""
    show_worker(models=["editing"])
    section = write_section("editing", "x", pipeline="Flux2KleinPipeline", tasks=["edit"])
    (tmp_path / "models.toml").write_text(section)
    catalog = load_catalog(tmp_path / "models.toml")
    monkeypatch.setattr(fetch_pictures, "get_catalog", lambda: catalog)
    address = pictures.serve("/second.png", encode(picture(40, 40)))
    accepted = submit_job(
        Submission(
            request=RenderRequest(prompt="a mug", model="editing", image=(png_uri(48, 48), address, png_uri(56, 56))),
            account_id=account_id,
            request_id="req_test",
            catalog=catalog,
            settings=get_settings(),
        )
    )
    fetch_next()

    job_id = parse_id("job", accepted.view.id)
    assert job_id is not None
    with autocommit() as connection:
        view = show_row(read_job(connection, account_id=account_id, job_id=job_id))
    assert [(shown.field, shown.width) for shown in view.inputs] == [("image.0", 48), ("image.1", 40), ("image.2", 56)]
    assert view.queue.reason == "waiting_for_worker"


def test_what_follows_from_the_size_is_resolved_then(pictures: PictureServer, post: Post, show: Show) -> None:
    """Width, height, cost and the account's place in the queue are those of the picture, and not of a guess."""
    address = pictures.serve("/small.png", encode(picture(64, 64)))
    inlined = post({"prompt": "a mug", "image": png_uri(64, 64), "seed": 7}).get_json()
    with transaction() as session:
        before = session.scalars(select(AccountClock.virtual_finish)).one()

    fetched = post({"prompt": "a mug", "image": address, "seed": 7}).get_json()
    fetch_next()

    first, second = show(inlined)["request"], show(fetched)["request"]
    assert {**first, "image": None} == {**second, "image": None}
    with transaction() as session:
        assert len(set(session.scalars(select(Job.cost)))) == 1
        assert session.scalars(select(AccountClock.virtual_finish)).one() == pytest.approx(2 * before)


def test_a_size_that_does_not_go_fails_the_job(pictures: PictureServer, post: Post, show: Show) -> None:
    """What a submit would have refused is the job's failure, with the field."""
    address = pictures.serve("/odd.png", encode(picture(100, 64)))

    job = post({"prompt": "a mug", "image": address, "expand": {"right": 3}}).get_json()
    fetch_next()

    failure = show(job)["failure"]
    assert (failure["code"], failure["fault"]) == ("invalid_request", "client")
    assert "expand.right" in failure["message"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=404), "image was answered with 404."),
        (Answer(b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}), "text/html, which is no picture"),
        (Answer(b"no picture at all"), "image is not a PNG"),
        (Answer(encode(picture(20_000, 2_000, mode="1", colour=1))), "pixels"),
        (Answer(bytes(100_001)), "longer than the 100,000 bytes"),
        (Answer(bytes(100_001), says_length=False), "longer than the 100,000 bytes"),
        (Answer(b"x", headers={"Content-Encoding": "gzip"}), "Content-Encoding"),
        (
            Answer(status=302, headers={"Location": "http://127.0.0.1/"}),
            "redirected to an address that must start with",
        ),
        (
            Answer(status=302, headers={"Location": "https://10.0.0.1/"}),
            "redirected to an address that is not a public",
        ),
        (Answer(status=302, headers={"Location": "/again"}), "redirected more than 3 times"),
    ],
)
def test_what_is_no_picture_fails_the_job(
    pictures: PictureServer, post: Post, show: Show, answer: Answer, reason: str
) -> None:
    """F81: `picture_not_fetched`, the client's fault, with the field and what came back; it is not tried again, and costs
    nothing.
    """
    address = pictures.serve("/it", answer)
    pictures.serve("/again", answer)

    job = post({"prompt": "a mug", "image": address}).get_json()
    fetch_next()

    shown = show(job)
    assert (shown["status"], shown["failure"]["code"]) == ("failed", "picture_not_fetched")
    assert reason in shown["failure"]["message"]
    assert (shown["failure"]["fault"], shown["failure"]["charged"], shown["attempts"]) == ("client", False, 0)
    assert (count_fetches(), stored_for(job), claim()) == (0, [], None)
    with transaction() as session:
        assert session.scalars(select(UsageRecord)).all() == []
        assert session.scalars(text("select type from webhook_events")).all() == ["job.failed"]
    assert broken_rules(job["id"]) == []


def test_redirects_are_followed(pictures: PictureServer, post: Post, show: Show) -> None:
    """Up to three, each checked as the first address was."""
    pictures.serve("/2", Answer(status=307, headers={"Location": "/3"}))
    pictures.serve("/3", encode(picture(80, 80)))
    address = pictures.serve("/1", Answer(status=301, headers={"Location": "/2"}))

    job = post({"prompt": "a mug", "image": address}).get_json()
    fetch_next()

    assert show(job)["inputs"][0]["width"] == 80


def test_what_may_pass_is_tried_again(pictures: PictureServer, post: Post, show: Show) -> None:
    """F80: a server that is busy is asked again after a delay; the job waits, and is drawn when the picture is there."""
    show_worker()
    address = pictures.serve("/busy.png", Answer(status=503), Answer(status=429), Answer(encode(picture(64, 64))))

    job = post({"prompt": "a mug", "image": address}).get_json()
    for _ in range(3):
        fetch_next()
        fetch_next()
        due_now()

    assert (pictures.asked["/busy.png"], show(job)["queue"]["reason"]) == (3, "waiting_for_worker")
    assert claim_one().job_id == id_of(job)


def test_what_does_not_pass_fails_in_the_end(pictures: PictureServer, post: Post, show: Show) -> None:
    """F80: after four tries the job fails with what came back at last."""
    address = pictures.serve("/down", Answer(status=502))

    job = post({"prompt": "a mug", "image": address}).get_json()
    for _ in range(6):
        fetch_next()
        due_now()

    failure = show(job)["failure"]
    assert (pictures.asked["/down"], failure["code"]) == (4, "picture_not_fetched")
    assert "502" in failure["message"]


def test_a_fetch_whose_process_died_is_taken_over(pictures: PictureServer, post: Post, show: Show) -> None:
    """F82: nobody else takes a fetch while its time runs; then the sweep's ring finds it, and what the dead process may
    still do changes nothing.
    """
    address = pictures.serve("/cat.png", encode(picture(64, 64)))
    job = post({"prompt": "a mug", "image": address}).get_json()
    with transaction() as session:
        lost = claim_fetch(session, timeout_seconds=20)
    assert lost is not None
    fetch_next()
    assert pictures.asked["/cat.png"] == 0, "its time is not over"

    due_now()
    sweep()
    fetch_next()
    done = files_of(show(job))
    assert fetch_pictures._complete(lost, fetch_pictures._fetch(lost)) == "ended"
    assert files_of(show(job)) == done
    assert claim_one().job_id == id_of(job)


@pytest.mark.parametrize("end", ["cancel", "delete", "deadline"])
def test_a_job_that_ends_meanwhile_is_not_fetched(
    pictures: PictureServer, call: Call, account_id: UUID, post: Post, end: str
) -> None:
    """Its fetch is forgotten, with the address in it."""
    address = pictures.serve("/cat.png", encode(picture(64, 64)))
    job = post({"prompt": "a mug", "image": address, "deadline_seconds": 1000}).get_json()
    if end == "deadline":
        with transaction() as session:
            session.execute(text("update jobs set deadline_at = now() - interval '1 second'"))
        sweep()
    else:
        cancel(account_id, id_of(job))
    if end == "delete":
        call("DELETE", job)
        assert count_fetches() == 0

    fetch_next()

    assert (pictures.asked["/cat.png"], count_fetches(), stored_for(job)) == (0, 0, [])


def test_private_addresses_are_refused(
    pictures: PictureServer, monkeypatch: pytest.MonkeyPatch, post: Post, show: Show
) -> None:
    """At once if the address itself shows it, and at the fetch if its name leads there, whatever the name was at first."""
    monkeypatch.setenv("FETCH_ALLOWED_NETWORKS", "")
    get_settings.cache_clear()
    for address in ("https://127.0.0.1/a.png", "https://localhost/a.png", "https://0x7f.1/", "https://[::1]/"):
        assert "public" in errors_of(post({"prompt": "a", "image": address}))["image"], address
    for address in ("http://example.com/a.png", "https://user:pass@example.com/a.png"):
        assert errors_of(post({"prompt": "a", "image": address})).keys() == {"image"}, address
    assert errors_of(post({"prompt": "a", "image": "https://example.com/" + "x" * 9000})).keys() == {"image"}

    resolve = socket.getaddrinfo

    def resolve_name(host: str, *arguments: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host == "pictures.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_name)
    pictures.serve("/cat.png", encode(picture()))
    job = post({"prompt": "a", "image": f"https://pictures.example:{pictures.port}/cat.png"}).get_json()
    fetch_next()

    assert show(job)["failure"]["message"] == "image is not a public address."
    assert pictures.asked["/cat.png"] == 0


def test_fetching_can_be_switched_off(pictures: PictureServer, monkeypatch: pytest.MonkeyPatch, post: Post) -> None:
    """Then an address is refused at once, with what else can be sent."""
    monkeypatch.setenv("PICTURE_FETCHING", "false")
    get_settings.cache_clear()

    assert "not fetched here" in errors_of(post({"prompt": "a", "image": "https://example.com/a.png"}))["image"]


def test_a_key_leads_to_the_first_job(pictures: PictureServer, post: Post) -> None:
    """The same address under the same Idempotency-Key is the same request, and fetched once."""
    order = {"prompt": "a mug", "image": pictures.serve("/cat.png", encode(picture(64, 64)))}
    first = post(order, **{"Idempotency-Key": "one"}).get_json()
    fetch_next()
    again = post(order, **{"Idempotency-Key": "one"}).get_json()
    fetch_next()

    assert (again["id"], again["inputs"][0]["field"]) == (first["id"], "image")
    assert pictures.asked["/cat.png"] == 1


def test_one_account_does_not_take_all_slots(account_id: UUID, other_account_id: UUID) -> None:
    """Half of the slots at most; the others' fetches are claimed in between."""
    slots = get_fetch_slots()
    with ExitStack() as stack:
        for each in (account_id, account_id, other_account_id):
            stack.enter_context(slots.working(account=each))
        assert slots.list_busy("account") == [account_id]
    assert slots.list_busy("account") == []


def test_every_request_survives_its_wait(pictures: PictureServer, post: Post) -> None:
    """What is kept of the request until the pictures are there is the request, field by field."""
    address = pictures.serve("/cat.png", encode(picture(64, 64)))
    body = {
        "prompt": "a mug",
        "image": address,
        "strength": 0.5,
        "num_images": 2,
        "metadata": {"order": "7"},
        "steps": 9,
        "seed": 3,
        "output_format": "webp",
    }
    answer = post({**body, "image": png_uri(64, 64)})
    assert answer.status_code == 202, answer.text
    sent = answer.get_json()["request"]
    post(body)
    with transaction() as session:
        [kept] = session.scalars(select(InputFetch.request)).all()
    assert kept["num_inference_steps"] == 9
    fetch_next()
    with transaction() as session:
        requests = session.scalars(select(Job.request).order_by(Job.id)).all()
    assert [{**request, "image": None} for request in requests] == [{**sent, "image": None}] * 2
