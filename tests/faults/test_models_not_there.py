"""What starts, and what is said, while the models are not there that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, open_account
from tests.faults.service import SETTINGS, wait_until
from tests.warm.start_warm import start_warm

REPOSITORY = Path(__file__).resolve().parents[2]
UNFETCHED = """
[models.unfetched]
source = { hub = "somebody/something" }
description = "A model of a hub that nobody has fetched yet."
licence = "Apache-2.0"
commercial_use = true
pipeline = "StableDiffusionPipeline"
tasks = ["text-to-image"]
default_width = 64
default_height = 64
max_width = 64
max_height = 64
default_steps = 1
max_steps = 1
schedulers = ["ddim"]
default_scheduler = "ddim"
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A service whose DEFAULT_MODEL is still to be fetched."""
    text = (REPOSITORY / "models.toml").read_text()
    picturebook = "[models.picturebook]" + text.partition("[models.picturebook]")[2].partition("\n[models.")[0]
    models = tmp_path_factory.mktemp("models") / "models.toml"
    models.write_text(picturebook.replace('"demo_model/', f'"{REPOSITORY}/demo_model/') + "\n" + UNFETCHED)
    environment = {**SETTINGS, "MODELS_FILE": str(models), "DEFAULT_MODEL": "unfetched"}
    with LocalStack(environment=environment, start_process=start_warm) as stack:
        yield stack


@pytest.mark.slow
def test_a_default_model_that_is_not_fetched_is_a_warning(stack: LocalStack) -> None:
    """F61: every process starts and says so; the API lists the model as not available and names the command that fetches it;
    other models render.
    """
    for name in ("api", "worker-1"):
        assert "default_model_takes_no_jobs" in stack.part(name).log_path.read_text()

    with open_account(stack, "patient") as customer:
        listed = {model["id"]: model for model in customer.http.get("/v1/models").json()["data"]}
        assert listed["unfetched"]["is_available"] is False
        assert listed["picturebook"]["is_available"] is True

        for body in ({"prompt": "a red mug"}, {"prompt": "a red mug", "model": "unfetched"}):
            answer = customer.http.post("/v1/jobs", json=body)
            assert answer.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
            assert answer.json()["errors"] == [
                {
                    "field": "model",
                    "code": "not_found",
                    "message": "The model 'unfetched' has not been fetched: run `darkroom-models fetch unfetched`.",
                }
            ]

        assert customer.wait_until_finished(customer.submit(model="picturebook", **SMALL))["status"] == "succeeded"


@pytest.mark.slow
@pytest.mark.parametrize("setting", [{"MODELS_FILE": "/models/models.toml"}, {"DEFAULT_MODEL": "no-such-model"}])
def test_a_dispatcher_needs_no_models(stack: LocalStack, setting: dict[str, str]) -> None:
    """F60: a dispatcher that cannot read the models file sweeps all the same: a dead worker's job gets another attempt."""
    dispatcher, worker = stack.part("dispatcher"), stack.part("worker-1")
    dispatcher.stop()
    kept = {name: stack.environment[name] for name in setting}
    stack.environment.update(setting)
    try:
        dispatcher.start()
        dispatcher.wait_until_ready()
    finally:
        stack.environment.update(kept)

    with open_account(stack, str(sorted(setting))) as customer:
        job = customer.submit(model="picturebook", num_inference_steps=100)
        customer.wait_until_rendering(job)
        worker.kill()
        wait_until(lambda: customer.read(job)["status"] == "queued", "the sweep takes the job back")
        worker.restart()
        assert customer.wait_until_finished(job)["status"] == "succeeded"
