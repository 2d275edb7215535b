"""A call of the client for each operation of the API. A new operation needs a line here, and a method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkroom import Darkroom, Job, Sweep

from tests.acceptance.customer import SMALL


@dataclass(frozen=True)
class Things:
    """What is there already, for the calls that need something."""

    finished: Job
    cancelled: Job
    #: In a queue that is paused.
    waiting: Job
    #: In a second job that is deleted.
    spare: Job
    sweep: Sweep
    draft: Sweep
    spare_draft: Sweep
    file: str
    spare_file: str
    deletion: str
    style: str
    endpoint: str
    picture: Path


#: By the operation's id. The client is an AsyncDarkroom as well, whose results are awaited.
CALLS: dict[str, Callable[[Any, Things], Any]] = {
    "post_job": lambda darkroom, _: darkroom.submit("a red mug", **SMALL),
    "put_job": lambda darkroom, _: darkroom.submit("a red mug", id="order-4711", **SMALL),
    "list_jobs": lambda darkroom, _: darkroom.jobs.list(status=["succeeded", "queued"], metadata={"user": "4711"}),
    "get_job": lambda darkroom, things: darkroom.jobs.get(things.finished, wait=1),
    "delete_job": lambda darkroom, things: darkroom.jobs.delete(things.spare),
    "cancel_job": lambda darkroom, things: darkroom.cancel(things.waiting),
    "cancel_jobs": lambda darkroom, _: darkroom.jobs.cancel_many(metadata={"batch": "none"}),
    "delete_jobs": lambda darkroom, _: darkroom.jobs.delete_many(status="failed"),
    "move_job": lambda darkroom, things: darkroom.jobs.move(things.waiting, "front"),
    "retry_job": lambda darkroom, things: darkroom.retry(things.cancelled),
    "replay_job": lambda darkroom, things: darkroom.replay(things.finished),
    "vary_job": lambda darkroom, things: darkroom.vary(things.finished, seed=3),
    "get_job_receipt": lambda darkroom, things: darkroom.jobs.receipt(things.finished),
    "get_job_events": lambda darkroom, things: darkroom.stream(things.finished),
    "get_job_preview": lambda darkroom, things: darkroom.jobs.preview(things.finished),
    "get_events": lambda darkroom, _: darkroom.events.stream(after=1),
    "get_recall": lambda darkroom, _: darkroom.recall.get(after=0, wait=1),
    "put_recall": lambda darkroom, _: darkroom.recall.put("a red mug", seed=7),
    "post_file": lambda darkroom, things: darkroom.files.send(things.picture),
    "list_files": lambda darkroom, _: darkroom.files.list(limit=1),
    "get_file": lambda darkroom, things: darkroom.files.get(things.file),
    "delete_file": lambda darkroom, things: darkroom.files.delete(things.spare_file),
    "get_queue": lambda darkroom, _: darkroom.queue.get(),
    "pause_queue": lambda darkroom, _: darkroom.queue.pause(running="finish"),
    "resume_queue": lambda darkroom, _: darkroom.queue.resume(),
    "post_sweep": lambda darkroom, _: darkroom.sweeps.create(prompts=["a", "b"], base=SMALL),
    "list_sweeps": lambda darkroom, _: darkroom.sweeps.list(status="draft"),
    "get_sweep": lambda darkroom, things: darkroom.sweeps.get(things.sweep),
    "delete_sweep": lambda darkroom, things: darkroom.sweeps.delete(things.spare_draft),
    "append_to_sweep": lambda darkroom, things: darkroom.sweeps.append(things.draft, prompts=["a mug"]),
    "finalise_sweep": lambda darkroom, things: darkroom.sweeps.finalise(things.draft),
    "cancel_sweep": lambda darkroom, things: darkroom.sweeps.cancel(things.sweep),
    "get_sweep_events": lambda darkroom, things: darkroom.sweeps.stream(things.sweep),
    "list_sweep_jobs": lambda darkroom, things: darkroom.sweeps.jobs(things.sweep, order="desc"),
    "list_deletions": lambda darkroom, _: darkroom.deletions.list(),
    "get_deletion": lambda darkroom, things: darkroom.deletions.get(things.deletion),
    "list_models": lambda darkroom, _: darkroom.models.list(),
    "get_model": lambda darkroom, _: darkroom.models.get("picturebook"),
    "check_prompt": lambda darkroom, _: darkroom.prompts.check("a red mug", negative_prompt="blue"),
    "post_style": lambda darkroom, _: darkroom.styles.create(
        "flat", title="Flat", prompt="{prompt}, flat", example="a mug", works_with={"models": ["picturebook"]}
    ),
    "list_styles": lambda darkroom, _: darkroom.styles.list(model="picturebook"),
    "get_style": lambda darkroom, things: darkroom.styles.get(things.style),
    "patch_style": lambda darkroom, things: darkroom.styles.change(things.style, title="Other"),
    "delete_style": lambda darkroom, things: darkroom.styles.delete(things.style),
    "get_webhook_secret": lambda darkroom, _: darkroom.webhooks.secret(),
    "post_webhook_endpoint": lambda darkroom, _: darkroom.webhooks.create("https://example.com/hooks"),
    "list_webhook_endpoints": lambda darkroom, _: darkroom.webhooks.list(),
    "delete_webhook_endpoint": lambda darkroom, things: darkroom.webhooks.delete(things.endpoint),
}


def make_things(darkroom: Darkroom, picture: Path) -> Things:
    """Everything that the calls need. The account's queue is paused afterwards."""
    # A preview needs a job that draws for a while.
    finished = darkroom.wait(darkroom.submit("a red mug", size="256x256", num_inference_steps=30))
    spare = darkroom.wait(darkroom.submit("a blue mug", **SMALL))
    ended = darkroom.sweeps.wait(darkroom.sweeps.create(prompts=["a", "b"], base=SMALL))
    drafts = [darkroom.sweeps.create(prompts=[prompt], base=SMALL, draft=True) for prompt in ("a", "b")]
    darkroom.queue.pause()
    jobs = [darkroom.submit("a green mug", **SMALL) for _ in range(3)]
    data = picture.read_bytes()
    file = darkroom.files.send(data)
    # Bytes behind the end of a PNG make it another file.
    spare_file = darkroom.files.send(data + b"\0")
    endpoint = darkroom.webhooks.create("https://example.com/1")
    style = darkroom.styles.create("mine", title="Mine", prompt="{prompt}, mine", example="a mug")
    return Things(
        finished=finished,
        cancelled=darkroom.cancel(jobs[0]),
        waiting=jobs[1],
        spare=spare,
        sweep=ended,
        draft=drafts[0],
        spare_draft=drafts[1],
        file=file.id,
        spare_file=spare_file.id,
        deletion=darkroom.jobs.delete(darkroom.cancel(jobs[2])).id,
        style=style.name,
        endpoint=endpoint.id,
        picture=picture,
    )
