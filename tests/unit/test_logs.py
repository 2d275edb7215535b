"""What the logs hold, and what they must not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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


DEAF = """
import os, sys
import structlog
from pydantic import SecretStr
from core.logs import configure_logging
from core.settings import Settings

configure_logging(Settings(api_key_pepper=SecretStr("sixteen characters")))
structlog.get_logger().info("job_claimed")
print("went on", file=sys.stderr, flush=True)
os._exit(0)
"""


def test_nothing_fails_because_a_line_cannot_be_written() -> None:
    """The disk that the log goes to is full, and the work goes on."""
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-c", DEAF], cwd=REPOSITORY, stdout=full, stderr=subprocess.PIPE, text=True, check=True
        )

    assert process.stderr == "went on\n"


LEVELS = """
import sys
import structlog
from pydantic import SecretStr
from core.logs import configure_logging
from core.settings import Settings

configure_logging(Settings(api_key_pepper=SecretStr("sixteen characters"), log_level=sys.argv[1]))
structlog.get_logger().debug("whispered")
structlog.get_logger().info("told")
"""


@pytest.mark.parametrize(("level", "heard"), [("info", ["told"]), ("debug", ["whispered", "told"])])
def test_lines_below_the_level_are_not_written(level: str, heard: list[str]) -> None:
    """The level is the setting's."""
    output = subprocess.run(
        [sys.executable, "-c", LEVELS, level], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout

    assert [json.loads(line)["event"] for line in output.splitlines()] == heard
