"""How settings are read from the environment, and what is said of those that are wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.environment import find_misspelt
from core.invalid_settings import InvalidSettings
from core.settings import Settings, read_settings
from tests.conftest import REPOSITORY
from tests.guards.env_example import COMPOSE_GROUP, read_env_example

PEPPER = "a pepper of some length"
OPTIONAL = {each.name: each.value for each in read_env_example() if each.is_optional and each.group != COMPOSE_GROUP}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the pepper, which has no default."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setenv("API_KEY_PEPPER", PEPPER)


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def refuse(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """The lines that the process ends with."""
    with pytest.raises(InvalidSettings) as error:
        read(monkeypatch, **variables)
    assert error.value.code == "\n".join(f"darkroom: {line}" for line in error.value.lines)
    assert error.value.__cause__ is None
    return error.value.lines


@pytest.mark.parametrize("name", [*OPTIONAL, "all of them"])
def test_a_line_of_the_example_taken_in_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of .env.example without its "# ", and all at once, means what the line says: the default."""
    defaults = read_settings()
    assert read(monkeypatch, **(OPTIONAL if name == "all of them" else {name: OPTIONAL[name]})) == defaults


@pytest.mark.parametrize("value", ["", " ", "\t", "\r", '""', "''", '" "'])
def test_an_empty_variable_is_unset(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting that is empty, in any way of writing that, has its default; without one it is missing."""
    defaults = read_settings()
    names = [name.upper() for name in Settings.model_fields if name != "api_key_pepper"]
    assert read(monkeypatch, **dict.fromkeys(names, value)) == defaults
    assert refuse(monkeypatch, API_KEY_PEPPER=value) == [
        "API_KEY_PEPPER is not set, nor is API_KEY_PEPPER_FILE: it has to be 16 characters or more"
    ]


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("API_THREADS", " 8 ", 8),
        ("API_THREADS", "8\r", 8),
        ("API_THREADS", '"8"', 8),
        ("LEASE_SECONDS", "'20'\r", 20.0),
        ("LOG_LEVEL", "WARNING", "warning"),
        ("S3_CHECKSUMS", "When_Supported", "when_supported"),
        ("WEBHOOK_ALLOW_HTTP", "Yes", True),
        ("WEBHOOK_ALLOW_HTTP", "0", False),
        ("S3_BUCKET", '"pictures"\r', "pictures"),
        ("PUBLIC_URL", "https://example.com/darkroom/\r", "https://example.com/darkroom"),
        ("S3_ENDPOINT_URL", "http://store:8333/", "http://store:8333"),
        ("S3_ENDPOINT_URL", "http://[::1]:8333", "http://[::1]:8333"),
        ("DATABASE_URL", '"postgres://u:p@h/d"', "postgres://u:p@h/d"),
        ("RENDER_DEVICE", "cuda:1", "cuda:1"),
    ],
)
def test_odd_writings_mean_what_they_say(name: str, value: str, meant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Space, quotes and carriage returns around a value are none of it; words are taken in any case."""
    assert getattr(read(monkeypatch, **{name: value}), name.lower()) == meant


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("API_THREADS", "8 threads", "API_THREADS is '8 threads': it has to be a whole number, 1 or more"),
        ("API_THREADS", "0", "API_THREADS is '0': it has to be a whole number, 1 or more"),
        ("API_THREADS", "2.5", "API_THREADS is '2.5': it has to be a whole number, 1 or more"),
        ("API_THREADS", '"8', "API_THREADS is '\"8': it has to be a whole number, 1 or more"),
        ("CPU_FORWARDS", "all", "CPU_FORWARDS is 'all': it has to be a whole number, 1 or more"),
        ("MODEL_CACHE_BYTES", "8GiB", "MODEL_CACHE_BYTES is '8GiB': it has to be a whole number, 1 or more"),
        ("SWEEP_SECONDS", "5s", "SWEEP_SECONDS is '5s': it has to be a number, more than 0 and 31536000 at most"),
        ("SWEEP_SECONDS", "inf", "SWEEP_SECONDS is 'inf': it has to be a number, more than 0 and 31536000 at most"),
        ("SWEEP_SECONDS", "nan", "SWEEP_SECONDS is 'nan': it has to be a number, more than 0 and 31536000 at most"),
        ("SWEEP_SECONDS", "1e300", "SWEEP_SECONDS is '1e300': it has to be a number, more than 0 and 31536000 at most"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'loud': it has to be debug, info, warning or error"),
        ("WEBHOOK_ALLOW_HTTP", "enabled", "WEBHOOK_ALLOW_HTTP is 'enabled': it has to be true or false"),
        ("RENDER_POOL", "A B", "RENDER_POOL is 'A B': it has to be text that matches ^[a-z0-9-]{1,40}$"),
        (
            "WORKER_METRICS_PORT",
            "tcp://10.0.0.1:9100",
            "WORKER_METRICS_PORT is 'tcp://10.0.0.1:9100': it has to be a whole number, 0 or more and 65535 at most",
        ),
        (
            "PUBLIC_URL",
            "example.com",
            "PUBLIC_URL is 'example.com': it has to be an address that begins with http:// or https://",
        ),
        (
            "S3_ENDPOINT_URL",
            "http://key:hidden@[::1",
            "S3_ENDPOINT_URL is 'http://…@[::1': it has to be a whole address, such as https://store.example:9000",
        ),
        ("API_THREADS", "8" * 10_000, f"API_THREADS is '{'8' * 100}…': it has to be a whole number, 1 or more"),
    ],
)
def test_a_wrong_setting_is_one_line(name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the variable, its value and what is allowed."""
    assert refuse(monkeypatch, **{name: value}) == [line]


def test_several_wrong_settings_are_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to start a process once for each mistake."""
    lines = refuse(monkeypatch, API_KEY_PEPPER="short", API_THREADS="many", REDIS_URL_FILE="/nowhere", LOG_LEVEL="loud")
    assert [line.partition(" ")[0] for line in lines] == [
        "REDIS_URL_FILE",
        "API_KEY_PEPPER",
        "API_THREADS",
        "LOG_LEVEL",
    ]


def test_settings_that_do_not_fit_together_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are named, with their values."""
    assert refuse(monkeypatch, HEARTBEAT_SECONDS="20") == [
        "HEARTBEAT_SECONDS is 20: it has to be at most half of LEASE_SECONDS, which is 30"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://darkroom:hidden@db/darkroom",
        "postgresql://darkroom:1hidden@db:port/darkroom",
        "postgresql://darkroom:hidden@[::1/darkroom",
        "hidden",
    ],
)
def test_a_password_never_appears(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with a secret is said without the secret."""
    lines = refuse(monkeypatch, DATABASE_URL=url, API_KEY_PEPPER="hidden")
    assert [line.partition(": ")[0] for line in lines] == [
        "DATABASE_URL is wrong",
        "API_KEY_PEPPER is wrong",
    ]
    assert "hidden" not in str(lines)


SECRETS = [
    "DATABASE_URL",
    "REDIS_URL",
    "S3_ACCESS_KEY_ID",
    "S3_SECRET_ACCESS_KEY",
    "S3_SESSION_TOKEN",
    "API_KEY_PEPPER",
]

#: The keys of the store go together.
KEYS = {"S3_ACCESS_KEY_ID": "a key", "S3_SECRET_ACCESS_KEY": "its secret"}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_comes_from_a_file(name: str, end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NAME_FILE names a file that holds the value of NAME, with or without the end of its line."""
    secret = "rediss://:word of 16@h/0" if name == "REDIS_URL" else "postgresql+psycopg://u:p%20w@h/d"
    path = tmp_path / "a secret"
    path.write_bytes(f"{secret}{end}".encode())
    settings = read(monkeypatch, **KEYS | {name: "", f"{name}_FILE": str(path)})
    value = getattr(settings, name.lower())
    assert (value if isinstance(value, str) else value.get_secret_value()) == secret


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_given_once(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both the variable and the file is a mistake: nobody sees which of them counts."""
    assert refuse(monkeypatch, **{name: "hidden hidden hidden", f"{name}_FILE": str(tmp_path)}) == [
        f"{name} and {name}_FILE are both set: only one of them may be"
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        ("a folder", "cannot be read: Is a directory"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"one line\nand another\n", "holds more than one line"),
        (b"\xff\xfe\x00", "is not a file of text"),
        ("endless", "holds more than one line"),
    ],
)
def test_a_file_without_a_secret_is_one_line(
    content: bytes | str | None, problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It names the variable and the path, and what is wrong with the file."""
    path = tmp_path / "secret"
    if content == "a folder":
        path.mkdir()
    elif content == "endless":
        path.symlink_to("/dev/zero")
    elif isinstance(content, bytes):
        path.write_bytes(content)
    monkeypatch.delenv("API_KEY_PEPPER")
    assert refuse(monkeypatch, API_KEY_PEPPER_FILE=str(path)) == [f"API_KEY_PEPPER_FILE is '{path}', which {problem}"]


def test_only_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MODELS_FILE is a setting of its own, and S3_BUCKET_FILE none."""
    assert read(monkeypatch, S3_BUCKET_FILE=str(tmp_path)) == read_settings()


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"DATABASE_URI": "x"}, {"DATABASE_URI": "DATABASE_URL"}),
        ({"S3_ENDPOINT": "x"}, {"S3_ENDPOINT": "S3_ENDPOINT_URL"}),
        ({"API_KEY_PEPPER_FIL": "x"}, {"API_KEY_PEPPER_FIL": "API_KEY_PEPPER_FILE"}),
        ({"api_threads": "8"}, {"api_threads": "API_THREADS"}),
        ({"LOGLEVEL": "x", "LOG_LEVEL": "info"}, {}),
        ({"PATH": "x", "REDIS_PORT": "6379", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}, {}),
        (dict.fromkeys([each.name for each in read_env_example()], "x"), {}),
        ({each.name: "" for each in read_env_example() if each.group == COMPOSE_GROUP}, {}),
    ],
)
def test_a_misspelt_name_is_found(variables: dict[str, str], found: dict[str, str]) -> None:
    """A variable that looks like a setting that is not set; others' variables, and those of docker-compose.yml, do not."""
    assert find_misspelt(Settings.model_fields, variables) == found


def test_names_are_in_upper_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable in lower case is another one, as everywhere on Linux."""
    assert read(monkeypatch, api_threads="1").api_threads == 64


def test_a_misspelt_name_is_logged_once() -> None:
    """By every process that logs, without the value, however often it sets its logs up."""
    program = """
from core.logs import configure_logging
from core.settings import get_settings
configure_logging(get_settings())
configure_logging(get_settings())
"""
    environment = {"PATH": os.environ["PATH"], "API_KEY_PEPPER": PEPPER, "DATABASE_URI": "postgresql://u:hidden@h/d"}
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    ).stdout
    [line] = [json.loads(line) for line in output.splitlines()]
    assert (line["event"], line["level"]) == ("setting_misspelt", "warning")
    assert (line["name"], line["meant"], "hidden" in output) == ("DATABASE_URI", "DATABASE_URL", False)
