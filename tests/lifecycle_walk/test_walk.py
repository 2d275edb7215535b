"""Whatever happens to jobs, in whatever order: nothing that was accepted is lost, and each job ends once."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from core.database import get_engine
from tests.lifecycle_walk.machine import Walk


@pytest.fixture(autouse=True)
def hasty_workers(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker whose commit was not answered asks again at once, instead of half a second later."""
    monkeypatch.setattr("worker.rendering.attempt.commit_outcome._PAUSE_SECONDS", 0.0)
    yield
    get_engine().dispose()


def walk(client: FlaskClient, *, walks: int, steps: int, number: int | None) -> None:
    """Run this number of walks of this many steps; with a seed, always the same ones."""

    class Begun(Walk):
        api = client

    run_state_machine_as_test(
        Begun if number is None else seed(number)(Begun),
        settings=settings(
            max_examples=walks,
            stateful_step_count=steps,
            derandomize=number is None,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(300)  # most of it for making a broken walk short
def test_jobs_end_once_whatever_happens(client: FlaskClient) -> None:
    """The same few walks each time."""
    walk(client, walks=8, steps=30, number=None)


@pytest.mark.thorough
@pytest.mark.timeout(0)
def test_jobs_end_once_whatever_happens_for_long(client: FlaskClient) -> None:
    """Other walks each time: WALK_EXAMPLES of them, WALK_STEPS long, the same again with the WALK_SEED that is printed."""
    number = int(os.environ.get("WALK_SEED", random.randrange(2**32)))
    print(f"WALK_SEED={number}")
    walk(
        client,
        walks=int(os.environ.get("WALK_EXAMPLES", "200")),
        steps=int(os.environ.get("WALK_STEPS", "60")),
        number=number,
    )
