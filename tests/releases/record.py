"""`python -m tests.releases.record FILE`: take jobs through every way there is, and record the statements.

Run in a checkout of a release that is about to be the previous one. It uses no more of the product than has been there
since the first release, so that it can be copied into an older checkout too.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text

from api.app import create_app
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.artifacts.keys import build_storage_key
from core.artifacts.outputs import StoredImage
from core.database import get_engine, transaction
from core.ids import format_id, parse_id
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.lease import renew_lease
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_cancellation, record_failure, record_interruption
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.rendered import Rendered
from core.settings import get_settings
from infra.local import LocalStack
from infra.local.webhook_listener import listening
from tests.conftest import REPOSITORY
from tests.releases.tape import Tape
from worker.maintenance.delete_orphans import delete_orphans
from worker.maintenance.sweep import sweep
from worker.webhooks.deliver import deliver_next

ORDER: dict[str, Any] = {"prompt": "a red mug", "metadata": {"order": "1"}}


def record_life() -> Tape:
    """The tape of this checkout, on the empty database that the settings name."""
    revision = ScriptDirectory.from_config(Config(REPOSITORY / "alembic.ini")).get_current_head()
    assert revision is not None
    tape = Tape(revision)
    with create_app().test_client() as client, listening() as listener:
        _Life(tape, client, listener.url).live()
    return tape


class _Life:
    def __init__(self, tape: Tape, client: FlaskClient, listener_url: str) -> None:
        self._tape = tape
        self._client = client
        self._listener_url = listener_url
        self._headers: dict[str, str] = {}

    def live(self) -> None:
        self._open_account()
        self._succeed()
        self._fail_and_retry()
        self._end_in_other_ways()
        self._clean_up()

    def _open_account(self) -> None:
        with self._part("open an account"), transaction() as session:
            account_id = create_account(session, name="recorded").id
            pepper = get_settings().api_key_pepper.get_secret_value()
            key = issue_api_key(session, account_id=account_id, pepper=pepper)
        self._tape.names["account"] = account_id
        self._headers = {"Authorization": f"Bearer {key}"}
        with self._part("add a webhook endpoint"):
            self._ask("post", "/v1/webhook-endpoints", {"url": self._listener_url})

    def _succeed(self) -> None:
        job_id = self._submit("submit", ORDER, key="first")
        with self._part("submit again"):
            self._ask("post", "/v1/jobs", ORDER, {"Idempotency-Key": "first"})
        with self._part("wait"):
            self._ask("get", f"/v1/jobs/{format_id('job', job_id)}")
            sweep()
        attempt = self._claim("claim")
        with self._part("beat"), transaction() as session:
            renew_lease(session, attempt_id=attempt.id, step=3, lease_seconds=30)
        with self._part("succeed"), transaction() as session:
            record_success_step_by_step(session, attempt_id=attempt.id, rendered=_rendered(attempt))
        with self._part("deliver"):
            deliver_next()
        with self._part("read"):
            self._ask("get", f"/v1/jobs/{format_id('job', job_id)}")
            self._ask("get", "/v1/jobs")
            self._ask("get", "/v1/jobs?status=succeeded")
            self._ask("get", "/v1/webhook-endpoints")

    def _fail_and_retry(self) -> None:
        job_id = self._submit("submit with an image", ORDER | {"image": _image()})
        attempt = self._claim("claim what fails")
        with self._part("fail"), transaction() as session:
            failure = Failure(FailureCode.INTERNAL, "it broke")
            record_failure(session, attempt_id=attempt.id, failure=failure)
        with self._part("the delay passes"):
            _say("update jobs set available_at = now() where id = :id", id=job_id)
        attempt = self._claim("claim what is interrupted")
        with self._part("interrupt"), transaction() as session:
            record_interruption(session, attempt_id=attempt.id)
        attempt = self._claim("claim what expires")
        with self._part("the lease runs out"):
            _say("update job_attempts set lease_expires_at = now() - interval '1 s' where id = :id", id=attempt.id)
        with self._part("rescue"):
            sweep()
        with self._part("the delay passes again"):
            _say("update jobs set available_at = now() where id = :id", id=job_id)
        attempt = self._claim("claim what cannot pass")
        with self._part("fail for good"), transaction() as session:
            failure = Failure(FailureCode.MODEL_UNAVAILABLE, "no such folder")
            record_failure(session, attempt_id=attempt.id, failure=failure)

    def _end_in_other_ways(self) -> None:
        job_id = self._submit("submit what is cancelled", ORDER)
        with self._part("cancel"):
            self._ask("post", f"/v1/jobs/{format_id('job', job_id)}/cancel")
        job_id = self._submit("submit what is cancelled late", ORDER)
        attempt = self._claim("claim what is cancelled late")
        with self._part("cancel late"):
            self._ask("post", f"/v1/jobs/{format_id('job', job_id)}/cancel")
        with self._part("stop"), transaction() as session:
            record_cancellation(session, attempt_id=attempt.id)

    def _clean_up(self) -> None:
        with self._part("hours pass"):
            _say(
                "update job_attempts set finished_at = finished_at - interval '2 h', started_at = started_at - interval '2 h'"
            )
            _say("update jobs set created_at = created_at - interval '2 h', started_at = started_at - interval '2 h'")
        with self._part("clean up"):
            delete_orphans()
            sweep()

    def _submit(self, name: str, body: dict[str, Any], *, key: str | None = None) -> UUID:
        with self._part(name):
            answer = self._ask("post", "/v1/jobs", body, {"Idempotency-Key": key} if key else {})
        job_id = parse_id("job", answer["id"])
        assert job_id is not None
        self._tape.names[name] = job_id
        return job_id

    def _claim(self, name: str) -> ClaimedAttempt:
        with self._part(name), transaction() as session:
            attempt = claim_step_by_step(
                session, ClaimingWorker(pool="default", worker_id="recorded", lease_seconds=30)
            ).attempt
        assert attempt is not None
        self._tape.names[name] = attempt.id
        return attempt

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        call: Callable[..., Any] = getattr(self._client, method)
        answer = call(path, json=body, headers=self._headers | (headers or {}))
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def _part(self, name: str) -> AbstractContextManager[None]:
        return self._tape.part(name, get_engine())


def _rendered(attempt: ClaimedAttempt) -> Rendered:
    key = build_storage_key(job_id=attempt.job_id, attempt_number=attempt.attempt_number, position=0, extension="png")
    image = StoredImage(0, key, "image/png", 100, hashlib.sha256(b"pixels").hexdigest(), 128, 128, attempt.seed)
    return Rendered(images=[image], receipt={"model": {"id": attempt.model}}, warnings=[], render_ms=10, upload_ms=5)


def _image() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (128, 128), "red").save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _say(sql: str, **parameters: Any) -> None:
    with transaction() as session:
        session.execute(text(sql), parameters)


@contextmanager
def _servers() -> Iterator[None]:
    with LocalStack(only=("database", "redis", "storage")) as stack:
        os.environ.update(stack.environment)
        yield


if __name__ == "__main__":
    with _servers():
        record_life().save(Path(sys.argv[1]))
