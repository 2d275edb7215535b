"""While the decoders of pictures are busy: who waits, who is refused, and who does not notice."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from api import large_bodies
from api.large_bodies import LARGE_BODY_BYTES
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.pictures.decoders.decode_outside import Decoders, get_decoders
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import count_jobs
from tests.unit.pictures import data_uri, encode, picture, png_uri

PICTURE = {"prompt": "a mug", "image": png_uri()}


@pytest.fixture
def decoders(servers: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Decoders]:
    """Two decoders, and eight threads: an account has one decoder, and two of its threads may wait."""
    monkeypatch.setenv("PICTURE_DECODERS", "2")
    monkeypatch.setenv("API_THREADS", "8")
    get_settings.cache_clear()
    get_decoders.cache_clear()
    large_bodies._in_memory.cache_clear()
    decoders = get_decoders()
    yield decoders
    decoders.close()
    monkeypatch.undo()
    get_settings.cache_clear()
    get_decoders.cache_clear()
    large_bodies._in_memory.cache_clear()


@pytest.fixture
def keys(servers: LocalStack, account_id: UUID, other_account_id: UUID) -> tuple[str, str]:
    """API keys of an account that floods, and of another one."""
    pepper = get_settings().api_key_pepper.get_secret_value()
    with transaction() as session:
        return (
            issue_api_key(session, account_id=account_id, pepper=pepper),
            issue_api_key(session, account_id=other_account_id, pepper=pepper),
        )


def test_a_flood_of_pictures_is_its_own_accounts_trouble(
    client: FlaskClient, decoders: Decoders, keys: tuple[str, str]
) -> None:
    """With a decoder at work and two pictures waiting the account's fourth is 503 with a time to come back; its plain
    jobs, everybody else's pictures and the API's own health do not wait; and what waited is accepted in the end.
    """
    flooding, other = keys
    application = client.application

    def post(key: str, body: dict[str, str]) -> tuple[int, str | None, str | None]:
        with application.test_client() as own:
            answer = own.post("/v1/jobs", json=body, headers={"Authorization": f"Bearer {key}"})
        return answer.status_code, answer.headers.get("Retry-After"), (answer.get_json(force=True) or {}).get("code")

    decoders.start_one()
    frozen = decoders._all[-1]._process
    assert frozen is not None
    os.kill(frozen.pid, signal.SIGSTOP)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(post(flooding, PICTURE)[0])) for _ in range(3)]
    for thread in threads:
        thread.start()
    while decoders._slots.count_waiting() < 2:
        threads[0].join(0.01)

    refused = post(flooding, PICTURE)
    plain = post(flooding, {"prompt": "a mug"})
    others_picture = post(other, PICTURE)
    with application.test_client() as own:
        livez = own.get("/livez").status_code
    assert refused == (503, "1", "pictures_busy")
    assert (plain[0], others_picture[0], livez, answers) == (202, 202, 200, [])

    os.kill(frozen.pid, signal.SIGCONT)
    for thread in threads:
        thread.join(20)
    assert answers == [202] * 3
    assert count_jobs() == 5


def test_a_picture_that_kills_its_decoder_is_refused_at_its_first_try(
    client: FlaskClient, decoders: Decoders, keys: tuple[str, str]
) -> None:
    """It is 422 and names the field, no job is there, and the next picture is taken."""
    decoders.start_one()
    process = decoders._all[-1]._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    threading.Timer(0.3, process.kill).start()

    headers = {"Authorization": f"Bearer {keys[0]}"}
    answer = client.post("/v1/jobs", json=PICTURE, headers=headers)

    assert answer.status_code == 422
    [error] = answer.get_json(force=True)["errors"]
    assert (error["field"], error["message"]) == ("image", "cannot be decoded: its decoder died of it")
    assert count_jobs() == 0
    assert client.post("/v1/jobs", json=PICTURE, headers=headers).status_code == 202


def test_a_flood_of_large_bodies_is_its_own_accounts_trouble(
    client: FlaskClient, decoders: Decoders, keys: tuple[str, str]
) -> None:
    """Of eight threads an account's large bodies hold one, and another one waits: the third is refused before it is read, another
    account's is taken, and a small one of the same account as well.
    """
    flooding, other = keys
    application = client.application
    decoders.start_one()
    frozen = decoders._all[-1]._process
    assert frozen is not None
    os.kill(frozen.pid, signal.SIGSTOP)
    large = {"prompt": "a mug", "image": data_uri(encode(picture(64, 48)) + bytes(LARGE_BODY_BYTES))}
    answers: list[int] = []

    def post(key: str, body: dict[str, str]) -> int:
        with application.test_client() as own:
            return own.post("/v1/jobs", json=body, headers={"Authorization": f"Bearer {key}"}).status_code

    threads = [threading.Thread(target=lambda: answers.append(post(flooding, large))) for _ in range(2)]
    for thread in threads:
        thread.start()
    while large_bodies._in_memory().count_waiting() == 0 or decoders._idle.qsize() == len(decoders._all):
        threads[0].join(0.01)

    assert (post(flooding, large), post(other, large), post(flooding, {"prompt": "a mug"})) == (503, 202, 202)
    os.kill(frozen.pid, signal.SIGCONT)
    for thread in threads:
        thread.join(20)
    assert answers == [202] * 2
    assert post(flooding, large) == 202, "the slots are free again"
