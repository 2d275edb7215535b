"""`python -m bench.files_entered`: how many project files the main job goes through.

Starts servers of its own, warms up, and lists the files of admin, api, core and worker in which a Python function is
called, in any thread, while one plain job is submitted, claimed and ended with a success.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from http import HTTPStatus
from types import FrameType

from flask.testing import FlaskClient

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from api.app import create_app
from bench.queue.noop_task import claim_like_a_worker, draw_nothing, succeed_like_a_worker
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.settings import get_settings
from infra.local import LocalStack
from infra.local.application import REPOSITORY

_FOLDERS = tuple(f"{REPOSITORY / package}/" for package in ("admin", "api", "core", "worker"))
_WARM_UPS = 10
#: For the ring of a submit, which may leave in a thread of its own.
_PAUSE_SECONDS = 0.5


class _Recorder:
    """A profile function that notes the files of the calls inside `recording`."""

    def __init__(self) -> None:
        self._entered: set[str] | None = None

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if self._entered is not None and event == "call":
            self._entered.add(frame.f_code.co_filename)

    @contextmanager
    def recording(self) -> Iterator[list[str]]:
        """Yields a list that holds the project files, sorted, once the block has ended."""
        files: list[str] = []
        entered: set[str] = set()
        self._entered = entered
        try:
            yield files
            time.sleep(_PAUSE_SECONDS)
        finally:
            self._entered = None
        files += sorted(os.path.relpath(file, REPOSITORY) for file in entered.copy() if file.startswith(_FOLDERS))


def main() -> None:
    """Print a number and the files for each of the three moments."""
    recorder = _Recorder()
    # Before any thread of the product starts: a thread is profiled from its start or not at all.
    threading.setprofile(recorder)
    # What the product logs is not part of what this prints.
    with redirect_stdout(sys.stderr), LocalStack(only=("database", "redis", "storage")) as stack:
        os.environ.update(stack.environment)
        with create_app().test_client() as client:
            submit = _prepare_submit(client)
            for _ in range(_WARM_UPS):
                submit()
                attempt = _claim()
                succeed_like_a_worker(attempt, draw_nothing(attempt))
            sys.setprofile(recorder)
            with recorder.recording() as submitted:
                submit()
            with recorder.recording() as claimed:
                attempt = _claim()
            rendered = draw_nothing(attempt)
            with recorder.recording() as succeeded:
                succeed_like_a_worker(attempt, rendered)
            sys.setprofile(None)
    for moment, files in (("submit", submitted), ("claim", claimed), ("success", succeeded)):
        print(f"A {moment} enters {len(files)} files:")
        for file in files:
            print(f"  {file}")


def _prepare_submit(client: FlaskClient) -> Callable[[], None]:
    with transaction() as session:
        account_id = create_account(session, name="bench").id
        api_key = issue_api_key(session, account_id=account_id, pepper=get_settings().api_key_pepper.get_secret_value())

    def submit() -> None:
        response = client.post("/v1/jobs", json={"prompt": "a red mug"}, headers={"Authorization": f"Bearer {api_key}"})
        if response.status_code != HTTPStatus.ACCEPTED:
            raise RuntimeError(f"the job was not accepted: {response.get_data(as_text=True)}")

    return submit


def _claim() -> ClaimedAttempt:
    attempt = claim_like_a_worker(get_settings())
    if attempt is None:
        raise RuntimeError("there was no job to claim")
    return attempt


if __name__ == "__main__":
    main()
