"""`make gpu-check` comes to its end whatever happens to its parts, and says what was found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from bench.denoisers.known import DENOISERS
from bench.gpu_check.findings import Finding, Outcome, Verdict
from bench.gpu_check.full_size import build_full_size
from bench.gpu_check.models import KINDS
from bench.gpu_check.page import write_page
from bench.gpu_check.plan import LIMIT_SECONDS, PARTS, Part
from bench.gpu_check.run_parts import run_parts
from bench.gpu_check.setting import Setting

#: The device of a module without weights.
_NOWHERE = torch.device("meta")


def part(name: str) -> Part:
    """A part of `broken_parts`. The one that hangs takes all of its time."""
    seconds = 15 if name == "hang" else 30
    return Part(name, name.capitalize(), f"tests.rendering.broken_parts:{name}", limit_seconds=seconds)


def said(_line: str) -> None:
    """Nobody watches."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_part_that_fails_stops_no_other(tmp_path: Path) -> None:
    """A part that raises, dies or hangs is reported with what it had found and printed, and the next ones run; a process that it
    has started ends with it.
    """
    names = ("succeed", "fail", "die", "hang", "find_fault", "succeed")

    outcomes = list(
        run_parts([part(name) for name in names], Setting("cpu", True), limit_seconds=240, logs=tmp_path, say=said)
    )

    assert [outcome.verdict for outcome in outcomes] == ["good", "bad", "bad", "bad", "bad", "good"]
    failed, died, hung = outcomes[1:4]
    assert failed.failure == "ZeroDivisionError: nothing to divide by"
    assert [finding.title for finding in failed.findings] == ["first"]
    assert "nothing to divide by" in failed.log
    assert died.failure == "its process ended with -9"
    assert hung.failure == "did not end in its time"
    assert "broken_parts.py" in hung.log, "where it hung"
    other = int(hung.findings[0].measured)
    assert not psutil.pid_exists(other) or psutil.Process(other).status() == psutil.STATUS_ZOMBIE


def test_time_that_is_used_up_is_said(tmp_path: Path) -> None:
    """Parts for which there is no time are not run, and count as failed."""
    [outcome] = run_parts([part("succeed")], Setting("cpu", True), limit_seconds=1, logs=tmp_path, say=said)

    assert outcome.verdict is Verdict.BAD
    assert outcome.failure is not None
    assert "not run" in outcome.failure


def test_the_page_says_everything(tmp_path: Path) -> None:
    """Every finding, failure and fact of the machine is on the page, and in the JSON beside it."""
    outcomes = [
        Outcome("one", "Part one", 3.0, (Finding("speed", "12.5 pictures/s", figures={"rate": [12.0, 13.0]}),)),
        Outcome("two", "Part two", 4.0, (), failure="did not end in its time", log="File x.py, line 3"),
    ]

    write_page(outcomes, {"device": "a card", "cores": "2"}, seconds=7.0, command="python -m x", folder=tmp_path)

    page = (tmp_path / "page.md").read_text()
    for text in (
        "a card",
        "python -m x",
        "Part one",
        "12.5 pictures/s",
        "did not end in its time",
        "File x.py, line 3",
    ):
        assert text in page
    facts = json.loads((tmp_path / "page.json").read_text())
    assert facts["verdict"] == "bad"
    assert [one["verdict"] for one in facts["parts"]] == ["measured", "bad"]
    assert facts["parts"][0]["findings"][0]["figures"]["rate"] == [12.0, 13.0]


def test_the_whole_check_is_bounded() -> None:
    """The check takes eight minutes at most, and each part has a name of its own."""
    assert LIMIT_SECONDS == 480
    assert len({one.name for one in PARTS}) == len(PARTS)


@pytest.mark.parametrize("name", KINDS)
def test_pipelines_have_the_published_size(name: str) -> None:
    """The full-size pipelines are complete, and their denoisers have the published number of parameters."""
    pipeline = build_full_size(name, _NOWHERE, torch.bfloat16)

    denoiser = pipeline.components["unet" if "unet" in pipeline.components else "transformer"]
    published = DENOISERS[KINDS[name].denoiser].build(tiny=False, device=_NOWHERE, dtype=torch.bfloat16)
    assert type(denoiser) is type(published)
    assert sum(each.numel() for each in denoiser.parameters()) == sum(each.numel() for each in published.parameters())
    assert {each.dtype for each in pipeline.vae.parameters()} == {torch.bfloat16}
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_course_runs_on_a_cpu(tmp_path: Path) -> None:
    """Every part runs on tiny models, and finds nothing wrong."""
    command = [sys.executable, "-m", "bench.gpu_check", "--device", "cpu", "--out", str(tmp_path)]
    ran = subprocess.run(
        command, check=False, capture_output=True, text=True, env=os.environ | {"PYTHONWARNINGS": "ignore"}
    )

    facts = json.loads((tmp_path / "page.json").read_text())
    assert [one["part"] for one in facts["parts"]] == [one.name for one in PARTS]
    bad = [one for one in facts["parts"] if one["verdict"] == "bad"]
    assert not bad, ran.stdout
    assert ran.returncode == 0
