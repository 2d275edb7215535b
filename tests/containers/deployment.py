"""The deployment as its operator and its customers have it: commands of the page, settings in .env, calls over HTTP."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2

from tests.containers.machine import Machine

_FINISHED = {"succeeded", "failed", "cancelled"}

#: Rendered for a minute on two cores: long enough to be stopped in its middle.
LONG: dict[str, Any] = {"num_inference_steps": 100, "num_images": 1, "width": 320, "height": 320}


class NotNow(Exception):
    """The service said 503: somebody who asks again is served."""


class Deployment:
    """A checkout on the machine, and the first account's view of what runs from it."""

    def __init__(self, machine: Machine, path: Path) -> None:
        self.machine, self.path = machine, path
        self.http = httpx2.Client(base_url="http://127.0.0.1:8000", timeout=30)
        #: Ids of all jobs that were answered with 202.
        self.accepted: list[str] = []

    def run(self, commands: str, *, stdin: str = "", **environment: str) -> str:
        """What commands print that are run in the checkout."""
        return self.machine.run(commands, cwd=self.path, stdin=stdin, **environment)

    def configure(self, **settings: str) -> None:
        """Write settings into .env, in the place where it shows them if they are there."""
        file = self.path / ".env"
        text = file.read_text()
        for name, value in settings.items():
            line = f"{name}={value}"
            text, count = re.subn(rf"^(# )?{name}=.*$", line, text, flags=re.MULTILINE)
            text += "" if count else f"{line}\n"
        file.write_text(text)

    def open_account(self, printed: str) -> None:
        """Use the key that `create-account` has printed."""
        key = re.search(r"dk_\S+", printed)
        assert key, printed
        self.http.headers["Authorization"] = f"Bearer {key[0]}"

    def submit(self, prompt: str = "a red mug", **parameters: Any) -> str:
        """Send a job; the answer must be 202. Returns its id."""
        answer = self.http.post("/v1/jobs", json={"prompt": prompt, **parameters})
        assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
        self.accepted.append(answer.json()["id"])
        return self.accepted[-1]

    def read(self, job: str) -> dict[str, Any]:
        """The job as it stands. Raises NotNow."""
        answer = self.http.get(f"/v1/jobs/{job}")
        if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
            raise NotNow(answer.text)
        assert answer.status_code == httpx2.codes.OK, answer.text
        return dict(answer.json())

    def wait_until_rendering(self, job: str) -> None:
        """Until the job is between two denoising steps."""
        wait_until(lambda: self.read(job)["progress"]["step"] > 1, f"{job} is being rendered")

    def wait_for(self, jobs: Sequence[str], seconds: float = 300) -> list[dict[str, Any]]:
        """The jobs once all of them have ended."""
        wait_until(lambda: all(self.read(job)["status"] in _FINISHED for job in jobs), "all jobs have ended", seconds)
        return [self.read(job) for job in jobs]

    def check_pictures(self, job: dict[str, Any]) -> None:
        """Download every picture of a job that must have succeeded, by the links that everybody gets."""
        assert job["status"] == "succeeded", json.dumps(job)
        assert job["outputs"]
        for output in job["outputs"]:
            answer = httpx2.get(output["url"])
            assert answer.status_code == httpx2.codes.OK, answer.text
            assert answer.headers["content-type"] == "image/png"
            assert hashlib.sha256(answer.content).hexdigest() == output["sha256"]

    def verify(self) -> None:
        """No accepted job is lost and no rule is broken: `darkroom-admin verify` in the deployment itself."""
        command = "docker compose exec -T api darkroom-admin verify --accepted /dev/stdin"
        assert "violations: none" in self.run(command, stdin="\n".join(self.accepted))

    def query(self, statement: str) -> str:
        """What the database answers, without headings."""
        return self.run(
            f'docker compose exec -T postgres psql --username=darkroom --no-align --tuples-only --command="{statement}"'
        ).strip()

    def count_events(self, service: str, event: str) -> int:
        """How often a service has logged an event since it was last created."""
        return self.run(f"docker compose logs --no-log-prefix {service} 2>&1").count(f'"{event}"')


def wait_until(reached: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Fail if it is not reached within some seconds. A call that finds nobody, or is answered with 503, may be repeated."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if reached():
                return
        except (httpx2.TransportError, NotNow):
            pass
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.3)
