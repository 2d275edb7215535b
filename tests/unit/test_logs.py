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


QUOTING = """
import logging, sys
import structlog
from pydantic import SecretStr
from core.logs import configure_logging, private_texts
from core.settings import Settings

configure_logging(Settings(api_key_pepper=SecretStr("sixteen characters"), log_format=sys.argv[1]))
log = structlog.get_logger()
with private_texts(["a red mug of mine", "red", 7, None]):
    try:
        try:
            raise ValueError("cannot draw a red mug of mine")
        except ValueError as error:
            raise TypeError("[\\"a red mug of mine\\"] is red") from error
    except TypeError as error:
        log.exception("attempt_failed")
        log.warning("batch_failed", error=repr(error))
log.warning("batch_failed", error="after a red mug of mine")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_error_does_not_quote_what_its_job_is_about(log_format: str) -> None:
    """A library quotes a prompt in its message: the log shows the message without it, in causes too; short words stay."""
    output = subprocess.run(
        [sys.executable, "-c", QUOTING, log_format], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout

    assert output.count("a red mug of mine") == output.count("after a red mug of mine") == 1
    assert output.replace("\\u2026", "…").count("cannot draw …") == 1
    assert "is red" in output


LIBRARIES = """
import logging
import worker.rendering
from diffusers.utils import logging as of_diffusers
from transformers.utils import logging as of_transformers

of_diffusers.get_logger("diffusers.pipelines.flux.pipeline_flux").warning("truncated: %s", "TOP SECRET PROMPT")
of_transformers.get_logger("transformers.tokenization").warning("truncated: %s", "TOP SECRET PROMPT")
of_diffusers.get_logger("diffusers.pipelines").error("heard")
"""


def test_libraries_do_not_warn_of_prompts_in_the_log() -> None:
    """diffusers warns of what a text encoder did not read, by quoting it."""
    process = subprocess.run(
        [sys.executable, "-c", LIBRARIES], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )

    assert "TOP SECRET PROMPT" not in process.stdout + process.stderr
    assert "heard" in process.stdout + process.stderr


PRINTING = """
import gc, logging, os, sys, threading, warnings
from pydantic import SecretStr
from core.logs import take_over_output
from core.settings import Settings

for _ in range(2):
    take_over_output(Settings(api_key_pepper=SecretStr("sixteen characters"), log_format=sys.argv[1]))

print("a banner\\n  of two lines\\n")
print("in parts", end=" "), print("of one line")
sys.stderr.write("10%\\r100%\\n")
sys.__stderr__.flush()
logging.StreamHandler().stream.write("a library's own handler\\n")
logging.getLogger("some.library").warning("of the\\nlibrary")
warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
warnings.warn("be careful", UserWarning, stacklevel=1)

def fail():
    raise KeyError("in a thread")
thread = threading.Thread(target=fail, name="poller")
thread.start()
thread.join()

class Broken:
    def __del__(self):
        raise ValueError("at its end")
Broken()
gc.collect()
raise ZeroDivisionError("nothing catches this")
"""


def test_whatever_a_library_prints_is_a_json_line() -> None:
    """Banners, progress bars, warnings and tracebacks too: a reader of lines of JSON meets nothing else."""
    process = subprocess.run(
        [sys.executable, "-c", PRINTING, "json"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert (process.returncode, process.stderr) == (1, "")
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    printed = [(line["stream"], line["text"]) for line in lines if line["event"] == "printed"]
    assert printed == [
        ("stdout", "a banner"),
        ("stdout", "  of two lines"),
        ("stdout", "in parts of one line"),
        ("stderr", "10%"),
        ("stderr", "100%"),
        ("stderr", "a library's own handler"),
    ]
    others = [line for line in lines if line["event"] != "printed"]
    assert [(line["event"].splitlines()[0].split(": ")[-1], line["level"]) for line in others] == [
        ("of the", "warning"),
        ("deprecated", "warning"),
        ("be careful", "warning"),
        ("thread_failed", "error"),
        ("exception_ignored", "error"),
        ("process_failed", "critical"),
    ]
    assert [line["exception"][0]["exc_type"] for line in others[3:]] == ["KeyError", "ValueError", "ZeroDivisionError"]
    assert others[3]["thread"] == "poller"


def test_a_person_reads_what_was_printed() -> None:
    """On a console prints stay as they are, and what ends the process is Python's own traceback."""
    process = subprocess.run(
        [sys.executable, "-c", PRINTING, "console"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert process.returncode == 1
    assert "a banner\n  of two lines\n" in process.stdout
    assert "in parts of one line\n" in process.stdout
    assert "Traceback (most recent call last)" in process.stderr
    assert process.stderr.splitlines()[-1] == "ZeroDivisionError: nothing catches this"
