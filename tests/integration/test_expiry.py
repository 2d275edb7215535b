"""Images are deleted when they expire, unless they are still needed."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

import admin.commands
from core.accounts.retention import set_retention
from core.artifacts import storage
from core.artifacts.tables import Artifact
from core.database import transaction
from core.errors import InvalidRequest, StorageUnavailable
from core.ids import format_id, parse_id
from core.jobs.tables import Job
from core.jobs.views.job_view import InputView, OutputView
from core.metrics import DISPATCHER
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import claim_one, expire_lease, fail, succeed, sweep
from tests.integration.conftest import Post, Submit
from tests.integration.kept import count_rows, finish_one, list_stored, pass_time, show, violations_of
from tests.unit.pictures import png_uri
from worker.maintenance.apply_retention import apply_retention

DAY = 86_400


def keep(account_id: UUID, **changes: int | None) -> None:
    with transaction() as session:
        set_retention(session, account_id=account_id, changes=changes)


def lifetimes(job_id: UUID) -> tuple[float | None, float | None]:
    """Whole seconds that the job's images and its row are kept after its end."""
    with transaction() as session:
        job = session.get_one(Job, job_id)
        assert job.finished_at is not None
        moments = (job.expires_at, job.row_expires_at)
        return tuple(moment and round((moment - job.finished_at) / timedelta(seconds=1)) for moment in moments)  # type: ignore[return-value]


def input_of(job_id: UUID) -> UUID:
    with transaction() as session:
        return session.scalars(select(Artifact.id).where(Artifact.job_id == job_id)).one()


@pytest.mark.parametrize(
    ("account", "asked", "expected"),
    [
        ({}, None, (30 * DAY, 90 * DAY)),
        ({}, 60, (60, 90 * DAY)),
        ({"artifact_retention_seconds": DAY}, None, (DAY, 90 * DAY)),
        ({"artifact_retention_seconds": DAY, "job_retention_seconds": 2 * DAY}, 60, (60, 2 * DAY)),
        ({"artifact_retention_seconds": 0}, None, (90 * DAY, 90 * DAY)),
        ({"artifact_retention_seconds": 0, "job_retention_seconds": 0}, None, (None, None)),
        ({"artifact_retention_seconds": 0, "job_retention_seconds": 0}, 60, (60, None)),
        ({"job_retention_seconds": 1}, None, (1, 3600)),
    ],
)
def test_the_shortest_policy_counts(
    account_id: UUID, submit: Submit, account: dict[str, int], asked: int | None, expected: tuple[Any, Any]
) -> None:
    """Settings, then the account, then the request; images go with the rows at the latest, and 0 is for ever."""
    keep(account_id, **account)
    job_id = submit(account_id, **({} if asked is None else {"retention_seconds": asked}))
    assert show(account_id, job_id).expires_at is None

    succeed(claim_one())

    assert lifetimes(job_id) == expected


def test_no_job_may_keep_its_images_for_longer_than_its_account(account_id: UUID, submit: Submit) -> None:
    """A longer wish is refused by name; where the account keeps them for ever any is granted."""
    keep(account_id, artifact_retention_seconds=DAY)
    with pytest.raises(InvalidRequest, match=f"retention_seconds: must be at most {DAY}"):
        submit(account_id, retention_seconds=DAY + 1)
    submit(account_id, retention_seconds=DAY)
    keep(account_id, artifact_retention_seconds=0, job_retention_seconds=0)
    submit(account_id, retention_seconds=365 * DAY)


def test_expired_images_are_gone_and_the_job_says_so(servers: LocalStack, account_id: UUID, post: Post) -> None:
    """Output and input leave the bucket; the job stays with their sizes and sha256 and without addresses."""
    job_id = parse_id("job", post({"prompt": "a mug", "image": png_uri(64, 64)}).get_json()["id"])
    assert job_id is not None
    finish_one()
    before = show(account_id, job_id)
    assert len(list_stored(job_id)) == 2

    pass_time(job_id)
    apply_retention()

    after = show(account_id, job_id)
    assert list_stored(job_id) == []
    assert [image.sha256 for image in after.outputs] == [image.sha256 for image in before.outputs]
    images: list[OutputView | InputView] = [*after.outputs, *after.inputs]
    for image in images:
        assert (image.url, image.url_expires_at) == (None, None)
        assert image.deleted_at is not None
    refused = post({"prompt": "a lamp", "image": after.outputs[0].id})
    [error] = refused.get_json(force=True)["errors"]
    assert (error["field"], error["message"]) == ("image", "this artifact has been deleted")
    assert violations_of(job_id) == []


def test_what_has_not_ended_is_kept(servers: LocalStack, account_id: UUID, submit: Submit) -> None:
    """Neither a waiting nor a running job has an expiry, and the database refuses one."""
    running, queued = submit(account_id), submit(account_id)
    claim_one()
    for job_id in (running, queued):
        pass_time(job_id, "row_expires_at")
    apply_retention()

    assert count_rows(running)["jobs"] == count_rows(queued)["jobs"] == 1
    with pytest.raises(Exception, match="ck_jobs_kept"):
        pass_time(running, "expired_at")


def test_an_image_that_a_waiting_job_starts_from_is_kept(servers: LocalStack, account_id: UUID, post: Post) -> None:
    """An image expires only after the job that uses it as an input has ended."""
    source = parse_id("job", post({"prompt": "a mug"}).get_json()["id"])
    assert source is not None
    finish_one()
    picture = show(account_id, source).outputs[0].id
    assert post({"prompt": "a lamp", "image": picture}).status_code == 202

    pass_time(source)
    apply_retention()
    assert len(list_stored(source)) == 1
    assert show(account_id, source).outputs[0].url is not None
    assert violations_of(source) == []

    user = finish_one()
    pass_time(source)
    apply_retention()
    assert list_stored(source) == []
    assert show(account_id, user).inputs[0].url is None


def test_a_store_that_is_away_costs_a_delay(
    servers: LocalStack, account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images are not shown any more, and the next run of the retention deletes them."""
    submit(account_id)
    job_id = finish_one()
    pass_time(job_id)

    def refuse(_bucket: object, _keys: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(storage.Bucket, "delete_many", refuse)
    apply_retention()
    assert show(account_id, job_id).outputs[0].url is None
    assert len(list_stored(job_id)) == 1
    monkeypatch.undo()
    apply_retention()

    assert list_stored(job_id) == []
    assert violations_of(job_id) == []


def test_rows_go_when_their_time_is_over(servers: LocalStack, account_id: UUID, submit: Submit) -> None:
    """Of the job nothing is left but the usage; what a lost attempt had stored is gone as well, and others stay."""
    job_id = submit(account_id, idempotency_key="first")
    loser = claim_one()
    key = f"artifacts/{format_id('job', job_id)}/{loser.attempt_number}/0.png"
    storage.bucket().put(key, b"late", media_type="image/png", sha256="0" * 64)
    expire_lease(loser)
    sweep()
    finish_one()
    submit(account_id)
    other = finish_one()

    pass_time(job_id, "expires_at", "row_expires_at")
    apply_retention()

    assert count_rows(job_id) == {"usage_records": 1, "idempotency_keys": 1}
    assert list_stored(job_id) == []
    assert count_rows(other)["jobs"] == 1
    assert violations_of(job_id, other) == []


def test_failed_and_cancelled_jobs_are_pruned_too(servers: LocalStack, account_id: UUID, submit: Submit) -> None:
    """A job without images expires as well."""
    job_id = submit(account_id)
    for _ in range(3):
        with transaction() as session:
            session.execute(text("update jobs set available_at = now()"))
        fail(claim_one().id)
    pass_time(job_id, "expires_at", "row_expires_at")
    apply_retention()

    assert count_rows(job_id) == {}


def test_idempotency_keys_are_forgotten_after_a_day(post: Post, account_id: UUID, servers: LocalStack) -> None:
    """Until then the same key is the same job, afterwards another one."""
    first = post({"prompt": "a mug"}, **{"Idempotency-Key": "k"}).get_json()["id"]
    apply_retention()
    assert post({"prompt": "a mug"}, **{"Idempotency-Key": "k"}).get_json()["id"] == first

    with transaction() as session:
        session.execute(text("update idempotency_keys set created_at = now() - interval '24 hours 1 second'"))
    apply_retention()

    assert post({"prompt": "a mug"}, **{"Idempotency-Key": "k"}).get_json()["id"] != first


def test_retention_is_counted(servers: LocalStack, account_id: UUID, submit: Submit) -> None:
    """The counts of expired images and pruned jobs: each job once, however often the retention runs."""
    expired, pruned = (submit(account_id) for _ in range(2))
    for job_id in (expired, pruned):
        assert finish_one() == job_id
        pass_time(job_id)
    before = _read_counts()

    apply_retention()
    pass_time(pruned, "row_expires_at")
    for _ in range(2):
        apply_retention()

    assert [now - then for now, then in zip(_read_counts(), before, strict=True)] == [2, 1]


def _read_counts() -> list[float]:
    return [DISPATCHER.get_sample_value(f"darkroom_jobs_{name}_total") or 0 for name in ("expired", "pruned")]


def test_the_operator_sets_an_accounts_retention(
    account_id: UUID, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`darkroom-admin set-retention` changes what is named, says what holds, and names what it does not take."""

    def run(*arguments: str) -> str:
        command = ["darkroom-admin", "set-retention", format_id("acc", account_id), *arguments]
        monkeypatch.setattr(sys, "argv", command)
        admin.commands.main()
        return capsys.readouterr().out

    assert run("--artifacts", "3600", "--jobs", "forever").splitlines() == [
        "artifact_retention_seconds: 3600",
        "job_retention_seconds: forever",
    ]
    assert "job_retention_seconds: forever" in run("--artifacts", "default")
    for bad in ("-1", "0", "soon"):
        with pytest.raises(SystemExit):
            run("--jobs", bad)
    with pytest.raises(SystemExit, match="job_retention_seconds"):
        run("--jobs", str(2**31))


def test_the_defaults_are_what_the_documents_say() -> None:
    """30 days for images, 90 for jobs, one for keys."""
    settings = get_settings()
    assert (settings.artifact_retention_seconds, settings.job_retention_seconds) == (30 * DAY, 90 * DAY)
    assert settings.idempotency_key_seconds == DAY
