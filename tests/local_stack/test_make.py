"""What is typed after make, as the commands get it, and as their errors name it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

#: In place of the virtual environment's Python: it writes down how it was called.
RECORDER = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["RECORD"], "w") as record:
    json.dump({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}, record)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a shell in which nothing of ours is set."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RECORD": str(tmp_path / "record")}


@pytest.fixture
def record(environment: dict[str, str], tmp_path: Path) -> Path:
    """The Makefile's virtual environment, with the recorder in it; what it records is in the file returned."""
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python").write_text(RECORDER)
    (tmp_path / "venv/bin/python").chmod(0o755)
    (tmp_path / "venv/.installed").touch()
    return Path(environment["RECORD"])


def make(environment: dict[str, str], tmp_path: Path, *words: str) -> None:
    command = ["make", f"VENV={tmp_path / 'venv'}", *words]
    subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)


@pytest.mark.parametrize(
    "prompt",
    [
        "it costs $5 in $HOME",
        "$$ and ${HOME} and $(HOME) and $(PROMPT)",
        "$(shell touch harmed) $(error harmed)",
        "`touch harmed`; touch harmed; $(touch harmed)",
        'it\'s a "mug" \\',
        "red # not blue",
        "two\nlines",
        "one \\\nline",
        "a:=b % * ? & | < > ! ~",
        "--help",
        "-n",
        "ein roter Becher é 🎨",
        "trailing space ",
    ],
)
def test_a_prompt_arrives_as_it_was_typed(
    prompt: str, environment: dict[str, str], record: Path, tmp_path: Path
) -> None:
    """Neither make nor the shell changes a prompt, or runs a part of it."""
    make(environment, tmp_path, "demo", f"PROMPT={prompt}")
    assert json.loads(record.read_text())["arguments"][-1] == f"--prompt={prompt}"
    assert not (REPOSITORY / "harmed").exists()


def test_a_prompt_that_nobody_typed_is_not_used(environment: dict[str, str], record: Path, tmp_path: Path) -> None:
    """zsh keeps what it shows before each command in a variable PROMPT."""
    make({**environment, "PROMPT": "%n@%m", "PORT": "3000"}, tmp_path, "demo")
    assert json.loads(record.read_text())["arguments"][-1] == "infra.local.demo"


def test_up_takes_options(environment: dict[str, str], record: Path, tmp_path: Path) -> None:
    """`make up NAME=value` hands over what was typed, and not what the environment has under such a name."""
    make({**environment, "PORT": "3000"}, tmp_path, "up", "DATA=/tmp/$a b", "WORKERS=2")
    recorded = json.loads(record.read_text())
    assert recorded["arguments"] == ["-m", "infra.local", "up"]
    assert sorted(recorded["environment"]["TYPED_IN_MAKE"].split()) == ["DATA", "WORKERS"]
    assert recorded["environment"]["DATA"] == "/tmp/$a b"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("name", "value", "status", "problem"),
    [
        ("port", "{taken}", 1, "port {taken} is taken: stop what listens there, or choose another with {port}"),
        ("port", "eight", 2, "{PORT}'eight' is not a port: a number from 1 to 65535"),
        ("port", "0", 2, "{PORT}'0' is not a port: a number from 1 to 65535"),
        ("port", "70000", 2, "{PORT}'70000' is not a port: a number from 1 to 65535"),
        ("workers", "-1", 2, "{WORKERS}'-1' is not a number from 0 to 999"),
        (
            "model",
            "picassobook",
            1,
            "{model} is 'picassobook': it has to be a model of models.toml, which has picturebook",
        ),
    ],
)
@pytest.mark.parametrize("is_makes", [False, True], ids=["command line", "make"])
def test_errors_name_what_was_typed(
    name: str,
    value: str,
    status: int,
    problem: str,
    *,
    is_makes: bool,
    taken_port: int,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """An option of the command line by its name, a variable of make by its own; one line, no traceback."""
    value = value.format(taken=taken_port)
    typed = {"TYPED_IN_MAKE": name.upper(), name.upper(): value} if is_makes else {}
    words = [] if is_makes else [f"--{name}={value}"]
    if name != "data":
        words += [f"--data={tmp_path / 'data'}"]
    result = subprocess.run(
        [sys.executable, "-m", "infra.local", "up", *words],
        cwd=REPOSITORY,
        env={**environment, **typed},
        capture_output=True,
        text=True,
        check=False,
    )
    options = ("port", "workers", "model")
    names = {each: f"{each.upper()}=…" if is_makes else f"--{each}" for each in options}
    names |= {each.upper(): f"{each.upper()}: " if is_makes else f"argument --{each}: " for each in options}
    assert problem.format(taken=taken_port, **names) in result.stderr
    assert (result.returncode, "Traceback" in result.stderr) == (status, False)


def test_a_folder_in_use_names_what_was_typed(environment: dict[str, str], tmp_path: Path) -> None:
    """Also if it is the default, which nobody typed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "data")], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    result = subprocess.run(
        [sys.executable, "-m", "infra.local", "up"],
        cwd=REPOSITORY,
        env={**environment, "TYPED_IN_MAKE": "DATA", "DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    holder.kill()
    holder.communicate()
    assert (result.returncode, "choose another folder with DATA=…" in result.stderr) == (1, True)


HOLD = """
import pathlib, sys, time
from infra.local.data_folder import DataFolder
DataFolder(pathlib.Path(sys.argv[1])).open()
print("held", flush=True)
time.sleep(600)
"""
