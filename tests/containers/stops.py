"""Stopped, killed, doubled, limited, and the engine itself stopped, each in the middle of a job; nothing is lost."""

from __future__ import annotations

from tests.containers.deployment import LONG, Deployment, wait_until
from tests.containers.document import read_block
from tests.containers.steps import step

_UP = read_block("Step by step", "docker compose up")

#: Ends the worker's process as a crash does, and not the first process of its container.
_KILL = """
import os, pathlib, signal
for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    words = path.read_bytes().split(b"\\0")
    if words[0].endswith(b"python") and b"render" in words:
        os.kill(int(path.parent.name), signal.SIGKILL)
"""

#: What a worker of this container finds out: forwards side by side, threads of each, bytes for models.
_READ_LIMITS = """
import torch
from worker.rendering.models.device import share_cores
from worker.rendering.models.memory import read_budget
print(share_cores(torch.device("cpu")), torch.get_num_threads(), read_budget(torch.device("cpu")))
"""


def stop_and_kill(deployment: Deployment) -> None:
    """Every way in which containers end, and come back."""
    deployment.configure(DRAIN_SECONDS="5")
    deployment.run(_UP)
    with step("stop in the middle of a job, start: no attempt is used up"):
        job = deployment.submit(**LONG)
        deployment.wait_until_rendering(job)
        deployment.run("docker compose stop")
        deployment.run(_UP)
        _check_resumed(deployment, job, attempts=1)
    with step("the worker is killed in the middle of a job"):
        job = deployment.submit(**LONG)
        deployment.wait_until_rendering(job)
        deployment.run("docker compose exec -T worker-cpu python", stdin=_KILL)
        _check_resumed(deployment, job, attempts=2)
    with step("the engine stops in the middle of a job, and starts"):
        job = deployment.submit(**LONG)
        deployment.wait_until_rendering(job)
        deployment.machine.stop_engine()
        deployment.machine.start_engine()
        wait_until(lambda: deployment.http.get("/readyz").is_success, "the API is ready")
        _check_resumed(deployment, job, attempts=1)
    with step("two workers, with limits"):
        deployment.configure(CPU_WORKERS="2", WORKER_CPUS="1", WORKER_MEMORY="1500m")
        deployment.run(_UP)
        _check_limits(deployment)
        jobs = [deployment.submit(f"{count} red mugs", num_inference_steps=60) for count in range(12)]
        for each in deployment.wait_for(jobs):
            deployment.check_pictures(each)
        ids = ", ".join(f"'{each.removeprefix('job_')}'" for each in jobs)
        workers = deployment.query(f"select count(distinct worker_id) from job_attempts where job_id in ({ids})")
        assert workers == "2"
    deployment.configure(CPU_WORKERS="1")
    deployment.run(_UP)
    with step("the servers are killed while a job is rendered"):
        job = deployment.submit(**LONG)
        deployment.wait_until_rendering(job)
        # They would wait for those that are connected: after these seconds they get SIGKILL.
        deployment.run("docker compose restart --timeout 2 valkey object-store postgres")
        _check_resumed(deployment, job, attempts=None)
    with step("nothing is lost"):
        deployment.verify()


def _check_resumed(deployment: Deployment, job: str, *, attempts: int | None) -> None:
    [ended] = deployment.wait_for([job], seconds=600)
    deployment.check_pictures(ended)
    if attempts is not None:
        assert ended["attempts"] == attempts, ended


def _check_limits(deployment: Deployment) -> None:
    """A worker reads its container's limits: half of its memory for models at most, and one thread."""
    printed = deployment.run("docker compose exec -T worker-cpu python", stdin=_READ_LIMITS)
    forwards, threads, budget = map(int, printed.split())
    assert (forwards, threads) == (1, 1)
    assert budget < 750 * 1024**2
