"""What the logs hold, and what they must not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from core.logs import configure_logging
from core.settings import Settings


@pytest.fixture
def json_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Logging as a process in production has it; put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging(Settings(api_key_pepper=SecretStr("sixteen characters"), log_format="json"))
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_logged_error_does_not_hold_what_was_in_the_variables(
    json_logs: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keys, passwords and prompts pass through the frames of every traceback, and none of them is logged."""

    secret = "TOP SECRET PROMPT"

    def fail(prompt: str) -> None:
        raise ZeroDivisionError(f"{len(prompt)} characters")

    try:
        fail(secret)
    except ZeroDivisionError:
        structlog.get_logger().exception("attempt_failed")
        logging.getLogger("some.library").exception("went wrong")

    lines = capsys.readouterr().out.splitlines()
    assert "TOP SECRET" not in "".join(lines)
    assert [json.loads(line)["event"] for line in lines] == ["attempt_failed", "went wrong"]
    assert "ZeroDivisionError" in lines[0]
