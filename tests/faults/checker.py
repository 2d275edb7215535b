"""The operator's own checks, in a process that stays up: `darkroom-admin verify` after every fault without its start."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from core.database import transaction
from core.ids import parse_id
from core.jobs.attempts.checkpoints import list_all_owned_checkpoints
from core.jobs.audit.invariants import list_lost_jobs, list_violations
from core.jobs.audit.stored_objects import list_object_violations, read_digests
from infra.local.application import REPOSITORY
from infra.local.environment import inherit
from worker.maintenance.apply_retention import apply_retention
from worker.maintenance.delete_orphans import delete_orphans


class Checker:
    """Asks the process at the other end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def list_violations(self, *, orphan_grace_seconds: float = 3600, accepted: Collection[str] = ()) -> list[str]:
        """Every broken rule, in the rows and in the bucket; and which of the accepted jobs have no row."""
        return self._ask("verify", str(orphan_grace_seconds), *accepted)

    def delete_orphans(self) -> None:
        """The clean-up of the bucket, without a grace."""
        self._ask("delete_orphans")

    def apply_retention(self) -> None:
        """Delete what has expired, and finish the deletions that are pending."""
        self._ask("apply_retention")

    def _ask(self, *question: str) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(question) + "\n")
        self._process.stdin.flush()
        # Log lines come the same way.
        while not (line := self._process.stdout.readline()).startswith("answer: "):
            assert line, f"the checker has ended: {self._process.wait()}"
        return list(json.loads(line.removeprefix("answer: ")))


@contextmanager
def checking(settings: Mapping[str, str]) -> Iterator[Checker]:
    """A checker of the stack with these settings."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.checker"],
        cwd=REPOSITORY,
        # A stack may be armed; who judges it is not to be hit.
        env=inherit(settings) | {"ORPHAN_GRACE_SECONDS": "0", "FAULT_POINTS": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Checker(process)
        finally:
            process.terminate()


def _verify(orphan_grace_seconds: float, accepted: Sequence[str]) -> list[str]:
    with transaction() as session:
        violations = list_violations(session)
        violations += list_lost_jobs(session, [id_ for job in accepted if (id_ := parse_id("job", job))])
        digests = read_digests(session)
        checkpoints = list_all_owned_checkpoints(session)
    violations += list_object_violations(digests, orphan_grace_seconds=orphan_grace_seconds, checkpoints=checkpoints)
    return [f"{violation.rule}: {violation.subject}" for violation in violations]


def _answer_questions() -> None:
    for line in sys.stdin:
        match line.split():
            case ["verify", grace, *accepted]:
                answer = _verify(float(grace), accepted)
            case ["apply_retention"]:
                apply_retention()
                answer = []
            case _:
                delete_orphans()
                answer = []
        print(f"answer: {json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    _answer_questions()
