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
    output: str
    board: str
    spare_board: str
    deletion: str
    style: str
    #: A second one is kept, and has a delivery.
    endpoint: str
    delivery: str
    picture: Path


#: By the operation's id, in an order in which each finds its thing as it needs it: a job is moved before it is cancelled, a draft is
#: finalised before it is cancelled, and jobs wait until the end. The client is an AsyncDarkroom as well, whose results are awaited.
CALLS: dict[str, Callable[[Any, Things], Any]] = {
    "post_job": lambda darkroom, _: darkroom.submit("a red mug", **SMALL),
    "put_job": lambda darkroom, _: darkroom.submit("a red mug", id="order-4711", **SMALL),
    "list_jobs": lambda darkroom, _: darkroom.jobs.list(status=["succeeded", "queued"], metadata={"user": "4711"}),
    "get_job": lambda darkroom, things: darkroom.jobs.get(things.finished, wait=1),
    "delete_job": lambda darkroom, things: darkroom.jobs.delete(things.spare),
    "move_job": lambda darkroom, things: darkroom.jobs.move(things.waiting, "front"),
    "cancel_job": lambda darkroom, things: darkroom.cancel(things.waiting),
    "cancel_jobs": lambda darkroom, _: darkroom.jobs.cancel_many(metadata={"batch": "none"}),
    "delete_jobs": lambda darkroom, _: darkroom.jobs.delete_many(status="failed"),
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
    "list_outputs": lambda darkroom, _: darkroom.outputs.list(favourite=False, model="picturebook", limit=1),
    "get_output": lambda darkroom, things: darkroom.outputs.get(things.output),
    "patch_output": lambda darkroom, things: darkroom.outputs.change(things.output, favourite=True, boards=[]),
    "change_outputs": lambda darkroom, things: darkroom.outputs.change_many([things.output], favourite=False),
    "post_board": lambda darkroom, _: darkroom.boards.create("Autumn cards"),
    "list_boards": lambda darkroom, _: darkroom.boards.list(),
    "get_board": lambda darkroom, things: darkroom.boards.get(things.board),
    "patch_board": lambda darkroom, things: darkroom.boards.rename(things.board, "Spring cards"),
    "delete_board": lambda darkroom, things: darkroom.boards.delete(things.spare_board),
    "get_queue": lambda darkroom, _: darkroom.queue.get(),
    "get_queue_figures": lambda darkroom, _: darkroom.queue.figures(),
    "pause_queue": lambda darkroom, _: darkroom.queue.pause(running="finish"),
    "post_sweep": lambda darkroom, _: darkroom.sweeps.create(prompts=["a", "b"], base=SMALL),
    "list_sweeps": lambda darkroom, _: darkroom.sweeps.list(status="draft"),
    "get_sweep": lambda darkroom, things: darkroom.sweeps.get(things.sweep),
    "delete_sweep": lambda darkroom, things: darkroom.sweeps.delete(things.spare_draft),
    "append_to_sweep": lambda darkroom, things: darkroom.sweeps.append(things.draft, prompts=["a mug"]),
    "finalise_sweep": lambda darkroom, things: darkroom.sweeps.finalise(things.draft),
    "cancel_sweep": lambda darkroom, things: darkroom.sweeps.cancel(things.draft),
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
    "list_webhook_deliveries": lambda darkroom, things: darkroom.webhooks.deliveries(job=things.cancelled),
    "get_webhook_delivery": lambda darkroom, things: darkroom.webhooks.delivery(things.delivery),
    "redeliver_webhook": lambda darkroom, things: darkroom.webhooks.redeliver(things.delivery),
    "resume_queue": lambda darkroom, _: darkroom.queue.resume(),
}


def make_things(darkroom: Darkroom, picture: Path) -> Things:
    """Everything that the calls need. The account's queue is paused afterwards."""
    # A preview needs a job that draws for a while.
    finished = darkroom.wait(darkroom.submit("a red mug", size="320x320", num_inference_steps=30))
    spare = darkroom.wait(darkroom.submit("a blue mug", **SMALL))
    ended = darkroom.sweeps.wait(darkroom.sweeps.create(prompts=["a", "b"], base=SMALL))
    drafts = [darkroom.sweeps.create(prompts=[prompt], base=SMALL, draft=True) for prompt in ("a", "b")]
    darkroom.queue.pause()
    jobs = [darkroom.submit("a green mug", **SMALL) for _ in range(3)]
    data = picture.read_bytes()
    file = darkroom.files.send(data)
    # Bytes behind the end of a PNG make it another file.
    spare_file = darkroom.files.send(data + b"\0")
    endpoint, kept = (darkroom.webhooks.create(f"https://example.com/{number}") for number in (1, 2))
    cancelled = darkroom.cancel(jobs[0])
    [delivery] = darkroom.webhooks.deliveries(endpoint=kept)
    style = darkroom.styles.create("mine", title="Mine", prompt="{prompt}, mine", example="a mug")
    return Things(
        finished=finished,
        cancelled=cancelled,
        waiting=jobs[1],
        spare=spare,
        sweep=ended,
        draft=drafts[0],
        spare_draft=drafts[1],
        file=file.id,
        spare_file=spare_file.id,
        output=finished.outputs[0].id or "",
        board=darkroom.boards.create("Cards").id,
        spare_board=darkroom.boards.create("Spare").id,
        deletion=darkroom.jobs.delete(darkroom.cancel(jobs[2])).id,
        style=style.name,
        endpoint=endpoint.id,
        delivery=delivery.id,
        picture=picture,
    )
