"""What the logs hold, and what they must not."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import REPOSITORY

PROGRAM = """
import logging, sys
import structlog
from pydantic import SecretStr
from core.logs import configure_logging
from core.settings import Settings

configure_logging(Settings(api_key_pepper=SecretStr("sixteen characters"), log_format="json"))

def fail(prompt):
    raise ZeroDivisionError(f"{len(prompt)} characters")

try:
    fail(sys.argv[1])
except ZeroDivisionError:
    structlog.get_logger().exception("attempt_failed", step=3)
    logging.getLogger("some.library").exception("went wrong")
"""


def test_a_logged_error_does_not_hold_what_was_in_the_variables() -> None:
    """Keys, passwords and prompts pass through the frames of every traceback, and none of them is logged."""
    secret = "TOP SECRET PROMPT"

    output = subprocess.run(
        [sys.executable, "-c", PROGRAM, secret], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout

    assert secret not in output
    ours, foreign = (json.loads(line) for line in output.splitlines())
    assert (ours["event"], ours["step"], ours["exception"][0]["exc_type"]) == ("attempt_failed", 3, "ZeroDivisionError")
    assert (foreign["event"], foreign["logger"]) == ("went wrong", "some.library")
