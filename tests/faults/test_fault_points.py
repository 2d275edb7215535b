"""Fault points: what arms them, what they do, and that no deployment has any."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from core import fault_points
from core.fault_points import POINTS, FaultInjected, parse_fault_points, read_fault_points
from core.settings import Settings
from infra.local.application import REPOSITORY


def test_unarmed_nothing_happens() -> None:
    """Without the setting no point is armed, and reaching one does nothing."""
    assert read_fault_points({}) == {}
    for point in POINTS:
        fault_points.fault_point(point)


def test_an_arm_fires_at_its_time_only() -> None:
    """`@2` is the second time and no other."""
    [arm] = parse_fault_points("mid_step=raise@2")["mid_step"]

    arm.fault_point()
    with pytest.raises(FaultInjected, match="mid_step"):
        arm.fault_point()
    arm.fault_point()


def test_a_chance_is_replayed_by_its_seed() -> None:
    """With one seed the same times are hit, with another seed others, about as many as the chance says."""

    def hits(seed: str) -> list[int]:
        [arm] = parse_fault_points("mid_step=raise~0.1", seed=seed)["mid_step"]
        found = []
        for time_ in range(1000):
            try:
                arm.fault_point()
            except FaultInjected:
                found.append(time_)
        return found

    assert hits("7") == hits("7") != hits("8")
    assert 60 < len(hits("7")) < 140


def test_a_stall_holds_its_own_thread() -> None:
    """`stall:0.05` sleeps for 0.05 s, and continues."""
    [arm] = parse_fault_points(" after_claim=stall:0.05; ")["after_claim"]
    started = time.monotonic()

    arm.fault_point()

    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    "text", ["mid_step", "mid_step=explode", "nowhere=kill", "mid_step=stall", "mid_step=kill:3", "mid_step=kill@0"]
)
def test_a_bad_arm_is_named(text: str) -> None:
    """A value that cannot be parsed ends the process at its start: a soak without its faults would prove nothing."""
    with pytest.raises(ValueError, match="FAULT_POINTS"):
        parse_fault_points(text)


@pytest.mark.parametrize("action", ["kill", "stop"])
def test_a_process_dies_or_freezes_where_it_is_told_to(action: str) -> None:
    """SIGKILL and SIGSTOP come from within, at the point; and the process has said first that it is armed."""
    code = (
        "from core.fault_points import fault_point, report_fault_points; report_fault_points(); "
        "print('before', flush=True); fault_point('after_claim'); print('after', flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=os.environ | {"FAULT_POINTS": f"after_claim={action}", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        if action == "stop":
            assert os.WSTOPSIG(status) == signal.SIGSTOP
            process.send_signal(signal.SIGCONT)
        else:
            assert os.WTERMSIG(status) == signal.SIGKILL
            process.returncode = -signal.SIGKILL  # it was waited for here
        assert process.stdout is not None
        output = process.stdout.read()

    assert "fault_points_armed" in output
    assert "before" in output
    assert ("after\n" in output) == (action == "stop")


def test_every_point_is_in_the_code_and_no_other() -> None:
    """What can be armed is reached somewhere, and what is reached can be armed."""
    reached = {
        point
        for folder in ("api", "core", "worker")
        for path in (REPOSITORY / folder).rglob("*.py")
        for point in re.findall(r'\bfault_point\("(\w+)"\)', path.read_text())
    }
    assert reached == POINTS


def test_no_deployment_can_be_armed_by_accident() -> None:
    """Neither the settings, nor .env.example, the compose file or an image know of fault points."""
    assert not [name for name in Settings.model_fields if "fault_point" in name]
    files = [REPOSITORY / ".env.example", REPOSITORY / "docker-compose.yml", *(REPOSITORY / "infra/docker").iterdir()]
    for file in filter(lambda path: path.is_file(), files):
        assert "FAULT_P" not in file.read_text(), file
