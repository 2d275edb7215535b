"""Core on a real database, without workers: a test finds in the tables only what it put there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from alembic.config import Config
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from werkzeug.test import TestResponse

from api.app import create_app
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.catalog import get_catalog
from core.database import get_engine, transaction
from core.ids import parse_id
from core.jobs.attempts import claim_jobs as claim_door
from core.jobs.attempts.claim_jobs import FirstJobs
from core.jobs.outcomes import record_successes as success_door
from core.jobs.queue.outlook import get_outlook_cache
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit import submit_job as submit_door
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.settings import get_settings
from infra.local import LocalStack
from tests.conftest import REPOSITORY
from tests.integration.empty_tables import empty_tables

#: Submits a job of an account and returns its id.
Submit = Callable[..., UUID]

#: Sends a body to POST /v1/jobs.
Post = Callable[..., TestResponse]


@pytest.fixture
def database(servers: LocalStack) -> Iterator[None]:
    """Empty tables."""
    with get_engine().begin() as connection:
        empty_tables(connection)
    get_outlook_cache.cache_clear()
    yield
    get_engine().dispose()


@pytest.fixture
def account_id(database: None) -> UUID:
    """An account."""
    return _open_account("first")


@pytest.fixture
def other_account_id(database: None) -> UUID:
    """Another account."""
    return _open_account("second")


@pytest.fixture
def api_key(account_id: UUID) -> str:
    """A key of the account."""
    with transaction() as session:
        return issue_api_key(session, account_id=account_id, pepper=get_settings().api_key_pepper.get_secret_value())


@pytest.fixture(params=["short ways", "long ways"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test of behaviour twice: as the doors work, and with short ways that leave every job to the long ways."""
    if request.param == "long ways":
        monkeypatch.setattr(submit_door, "needs_decisions", lambda _: True)
        monkeypatch.setattr(claim_door, "claim_in_one_statement", lambda *_, count: FirstJobs([], found=count))
        monkeypatch.setattr(success_door, "record_successes_in_one_statement", lambda *_: set())


@pytest.fixture
def submit(database: None) -> Submit:
    """Send a job through core."""

    def send(account_id: UUID, *, idempotency_key: str | None = None, **parameters: Any) -> UUID:
        accepted = submit_job(
            Submission(
                request=RenderRequest(**{"prompt": "a red mug", **parameters}),
                account_id=account_id,
                request_id="req_test",
                idempotency_key=idempotency_key,
                catalog=get_catalog(),
                settings=get_settings(),
            )
        )
        job_id = parse_id("job", accepted.view.id)
        assert job_id is not None
        return job_id

    return send


@pytest.fixture(scope="session")
def client(servers: LocalStack) -> Iterator[FlaskClient]:
    """The API in this process, on the real database and Redis."""
    with create_app().test_client() as client:
        yield client


@pytest.fixture
def post(client: FlaskClient, api_key: str) -> Post:
    """POST /v1/jobs with the account's key: a dict as JSON, anything else as it is."""

    def send(body: Any, **headers: str) -> TestResponse:
        data = json.dumps(body) if isinstance(body, dict) else body
        return client.post(
            "/v1/jobs",
            data=data,
            headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json", **headers},
        )

    return send


@pytest.fixture
def empty_database(servers: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database of its own, without tables; migrations go there."""
    administrator = create_engine(servers.environment["DATABASE_URL"], isolation_level="AUTOCOMMIT")
    url = administrator.url.set(database="migrated")
    with administrator.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    get_settings.cache_clear()
    engine = create_engine(url)
    yield engine
    engine.dispose()
    monkeypatch.undo()
    get_settings.cache_clear()
    with administrator.connect() as connection:
        connection.execute(text("DROP DATABASE migrated"))
    administrator.dispose()


@pytest.fixture
def alembic() -> Config:
    """Alembic's configuration."""
    return Config(REPOSITORY / "alembic.ini")


def _open_account(name: str) -> UUID:
    with transaction() as session:
        return create_account(session, name=name).id
