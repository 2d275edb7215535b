"""One word for one thing: names and phrases that were given up stay given up."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.guards.compose_file import REPOSITORY

#: The list itself, and what is history.
_HISTORY = {"CONTRIBUTING.md", "tests/guards/test_words.py", "CHANGELOG.md"}

#: Each with what to say instead.
_GIVEN_UP = {
    r"\bask_all\b": "fetch_all",
    r"\blook_up\(": "read_with_one_retry",
    r"\bcut_after\b|\bpatience\.py": "enforce_checkout_deadline",
    r"\bcheck_before_lending\b|\blending\.py|\blent\b": "check_on_checkout; a connection is checked out",
    r"\btake_room\b|\block_queue\b|\binsert_where_room_is\b": "take_slot, lock_slots, insert_job_into_free_slot",
    r"\bsubmit_at_once\b|\bclaim_together\b|\bclaim_next\b|\bsucceed_together\b": "a door, or its short way",
    r"\blook_at_running\b": "read_running",
    r"\bhold_back\b|\bheld back\b|\blet_next_through\b|\blet_through\b": "hold_jobs, held, release_next",
    r"\bgive_back_turn\b": "refund_virtual_time",
    r"\bfail_waiting\b|\bstop_overdue\b": "fail_overdue_queued, fail_overdue_running",
    r"\blosing[ _]attempts?\b": "abandoned attempts",
    r"\brehears(?:e|al)\b": "warm_up_statements",
    r"\bknown_keys\b|\bKnownKeys\b": "ApiKeyCache",
    r"\bleave_(?:deaf|stuck)\b|\bheed_notices\b": "exit_deaf, exit_stuck, install_drain_notices",
    r"\bmake_steady\b|\bencoding_with\b|\bHearing\b|\btold_plainly\b": "the names of the field in worker/",
    r"\bShelf\b|\bshelved\b|\bErrand\b|\b_bury\b|\bleash\b": "CacheAccounts, OneShot, _reap, die_with_parent",
    r"\bfulfil(?:s|led)?\b|_Wish\b": "GroupWork does items",
    r"\bcloser look\b|\blooks? closer\b": "needs a decision",
    r"\bgone on with from\b|\bgo on from\b|\bgoes on from\b": "resume from",
    r"\bTells (?:which|whether|how|of|that)\b|\band tells? (?:which|whether|how)\b": "returns",
    r"\bstopped to hear\b|\bwaited for for\b": "says the opposite, or nothing",
}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Our code and documents by their paths."""
    patterns = ["*.py", "*.md", "*.toml", "*.yml", "*.yaml", "Makefile", ".env.example"]
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    paths = set(listed.stdout.split()) - _HISTORY
    return {path: (REPOSITORY / path).read_text() for path in sorted(paths) if (REPOSITORY / path).is_file()}


@pytest.mark.parametrize("pattern", _GIVEN_UP)
def test_no_word_that_was_given_up_is_used(texts: dict[str, str], pattern: str) -> None:
    """Neither in code nor in documents: a reader meets one name for each thing."""
    found = [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}; say: {_GIVEN_UP[pattern]}"
        for path, text in texts.items()
        for match in re.finditer(pattern, text)
    ]
    assert found == []
