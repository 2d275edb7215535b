"""An upgrade to a release with a migration, as the page says it, and the way back, while jobs are rendered and the API is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from tests.containers.checkout import Checkout
from tests.containers.deployment import LONG, Deployment
from tests.containers.document import read_block
from tests.containers.steps import step

_HEADING = "Stopping and upgrading"
_POLL_SECONDS = 0.2

#: Seconds in all in which the API may not answer while it is replaced, on two cores that are busy with other things as well.
_GAP_SECONDS = 45


def upgrade_and_roll_back(deployment: Deployment, checkout: Checkout) -> None:
    """One release forward and one back."""
    upgrade = read_block(_HEADING, "git pull")
    back = read_block(_HEADING, "git checkout", RELEASE=checkout.first)
    checkout.release_again()
    for name, commands, release in (("upgrade", upgrade, checkout.second), ("rollback", back, checkout.first)):
        with step(f"{name}: build the release"):
            source, build, *rest = commands.strip().splitlines()
            deployment.run(f"{source} >&2; {build}")
        job = deployment.submit(**LONG)
        deployment.wait_until_rendering(job)
        with step(f"{name}: everything else"), _polling(deployment) as refused:
            deployment.run("; ".join(rest))
        seconds = len(refused) * _POLL_SECONDS
        with step(f"{name}: the API was away for {seconds:.1f} s; a job that went through it"):
            assert seconds < _GAP_SECONDS
            images = deployment.run("docker compose ps --format '{{.Service}} {{.Image}}' | grep darkroom-")
            assert {line.rpartition(":")[2] for line in images.split("\n") if line} == {release}, images
            assert deployment.query("select version_num from alembic_version") == "of_the_next_release"
            jobs = deployment.wait_for([job, deployment.submit(model="mine")], seconds=600)
            for each in jobs:
                deployment.check_pictures(each)
            assert jobs[0]["attempts"] == 1
    with step("nothing is lost"):
        deployment.verify()


@contextmanager
def _polling(deployment: Deployment) -> Iterator[list[float]]:
    """Ask the API whether it is ready all the time; the moments at which it did not answer with 200."""
    refused: list[float] = []
    over = threading.Event()

    def poll() -> None:
        with httpx2.Client(base_url=deployment.http.base_url, timeout=2) as http:
            while not over.is_set():
                try:
                    is_ready = http.get("/readyz").is_success
                except httpx2.TransportError:
                    is_ready = False
                if not is_ready:
                    refused.append(time.monotonic())
                over.wait(_POLL_SECONDS)

    thread = threading.Thread(target=poll, name="poll")
    thread.start()
    try:
        yield refused
    finally:
        over.set()
        thread.join()
