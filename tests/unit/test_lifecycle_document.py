"""docs/job-lifecycle.md says what the code does."""

from __future__ import annotations

import re

from core.jobs.failures import FAILURE_TRAITS
from core.jobs.status import FINISHED, TRANSITIONS, AttemptStatus
from tests.conftest import REPOSITORY

DOCUMENT = (REPOSITORY / "docs/job-lifecycle.md").read_text()


def test_the_diagram_has_exactly_the_transitions() -> None:
    """Every edge of the diagram is a transition, and every transition an edge, ends included."""
    edges = set(re.findall(r"^    (\S+) --> (\w+|\[\*\])", DOCUMENT, re.MULTILINE))

    assert edges == (
        {("[*]", "queued")}
        | {(str(before), str(after)) for before, afters in TRANSITIONS.items() for after in afters}
        | {(str(status), "[*]") for status in FINISHED}
    )


def test_every_edge_is_explained() -> None:
    """Each letter on an edge has its row in the table."""
    assert re.findall(r": ([a-z])$", DOCUMENT, re.MULTILINE) == re.findall(r"^\| ([a-z]) \|", DOCUMENT, re.MULTILINE)


def test_attempts_and_failures_are_all_listed() -> None:
    """The tables name every attempt status and every failure code, with its fault and whether we try again."""
    assert re.findall(r"^\| `(\w+)` \| [^|]+ \| (?:yes|no) \|$", DOCUMENT, re.MULTILINE) == [
        *AttemptStatus,
        *FAILURE_TRAITS,
    ]
    for code, traits in FAILURE_TRAITS.items():
        assert f"| `{code}` | {traits.fault} | {'yes' if traits.retried else 'no'} |" in DOCUMENT
