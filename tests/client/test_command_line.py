"""Every command does what it says, and ends as the table of exit statuses says."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from darkroom import Darkroom
from darkroom.command_line.exits import ExitStatus
from darkroom.connection import Connection
from PIL import Image

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import SMALL
from tests.client.command_line import CommandLine

_SMALL = ("--size", "64x64", "--steps", "1")


@pytest.fixture
def run(account: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line in a folder of its own, without a login."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return CommandLine(account)


def test_render_writes_the_file_that_is_named(run: CommandLine) -> None:
    """And prints its name; further pictures are numbered."""
    ran = run("render", "a red mug", *_SMALL, "-n", 2, "-o", "mug.png")

    assert ran.out.splitlines() == ["mug.png", "mug-2.png"]
    with Image.open("mug-2.png") as picture:
        assert picture.size == (64, 64)


def test_render_takes_prompts_from_a_pipe(run: CommandLine) -> None:
    """One a line; names come from prompts and seeds, and nothing is overwritten."""
    ran = run("render", *_SMALL, "--seed", 7, stdin="A red mug!\n\nblue\nblue\n")

    assert ran.out.splitlines() == ["a-red-mug-7.png", "blue-7.png", "blue-7-2.png"]


def test_render_takes_every_parameter(run: CommandLine, cat: Path) -> None:
    """By an option of its own, or by --set."""
    [value] = run(
        *("render", "a red mug", "-i", cat, "--strength", 0.5, "--negative", "blue", "--guidance", 3, "--json"),
        *("--label", "user=4711", "--set", "num_inference_steps=4", "--set", "priority=low", "--format", "webp"),
    ).values

    request = value["job"]["request"]
    assert (request["strength"], request["guidance_scale"], request["num_inference_steps"]) == (0.5, 3, 4)
    assert (request["negative_prompt"], request["output_format"]) == ("blue", "webp")
    assert (value["job"]["metadata"], value["job"]["priority"]) == ({"user": "4711"}, "low")
    assert Path(value["files"][0]).suffix == ".webp"


def test_submit_wait_show_and_delete(run: CommandLine) -> None:
    """A job from its id to its receipt."""
    [[job]] = run("submit", "a red mug", *_SMALL).lines

    assert run("wait", job, "-o", "mug.png").out == "mug.png\n"
    assert run("wait", job).lines == [[job, "succeeded"]]
    assert ["prompt", "a red mug"] in run("show", job).lines
    assert run("show", job, "--json").values[0]["id"] == job
    assert run("delete", job).lines[0][0].startswith("del_")
    assert run.run("show", job).status == ExitStatus.NOT_FOUND


def test_submit_shows_what_a_job_would_be(run: CommandLine) -> None:
    """With its cost, and queues nothing."""
    assert ["cost", "0.004096 megapixel-steps"] in run("submit", "a red mug", *_SMALL, "--dry-run").lines
    assert run("jobs").out == ""


def test_jobs_are_listed_by_filters(run: CommandLine, darkroom: Darkroom) -> None:
    """The newest first."""
    darkroom.queue.pause()
    red = darkroom.submit("a red mug", metadata={"user": "1"}).id
    blue = darkroom.submit("a blue mug").id

    assert [line[0] for line in run("jobs").lines] == [blue, red]
    assert [line[0] for line in run("jobs", "--prompt", "red").lines] == [red]
    assert [job["id"] for job in run("jobs", "--label", "user=1", "--json").values] == [red]
    assert run("jobs", "--status", "failed").out == ""


def test_pictures_are_found_again(run: CommandLine) -> None:
    """By words, and by a file's bytes, which say what made it; a strange file is none of them."""
    run("render", "a red mug", *_SMALL, "-o", "mug.png")
    # Of another size: in one step, other words can come to the same few pixels.
    run("render", "a blue tree", "--size", "96x64", "--steps", 1, "-o", "tree.png")

    [[output, _, _, size, _, prompt]] = run("outputs", "--file", "mug.png").lines
    assert (size, prompt) == ("64x64", "a red mug")
    assert [cells[0] for cells in run("outputs", "--prompt", "mug", "-o", "found").lines] == [output]
    assert Path(f"found/{output}.png").read_bytes() == Path("mug.png").read_bytes()
    assert [value["prompt"] for value in run("outputs", "--no-favourite", "--json").values] == [
        "a blue tree",
        "a red mug",
    ]
    Path("strange.png").write_bytes(b"no picture of ours")
    assert run.run("outputs", "--file", "strange.png").status == ExitStatus.NOT_FOUND


def test_cancel_names_what_it_cancels(run: CommandLine, darkroom: Darkroom) -> None:
    """One, or all."""
    darkroom.queue.pause()
    one, two = (darkroom.submit("a mug").id for _ in range(2))

    assert run("cancel", one).lines == [[one, "cancelled"]]
    assert run("cancel", "--all").lines == [[two]]
    assert run.run("cancel").status == ExitStatus.USAGE
    assert run.run("wait", one).status == ExitStatus.JOB_CANCELLED


@pytest.mark.slow
def test_jobs_are_made_from_others(run: CommandLine, darkroom: Darkroom) -> None:
    """By replay, vary and retry."""
    job = darkroom.wait(darkroom.submit("a mug", deterministic=True, **SMALL)).id
    cancelled = darkroom.submit("a mug", start_deadline_seconds=60, width=320, height=320, num_inference_steps=100).id
    darkroom.cancel(cancelled)
    darkroom.wait(cancelled)

    replayed = run("replay", job, "-o", "again.png")
    assert "picture 1: equal" in replayed.err
    assert Path("again.png").exists()
    assert run("vary", job, "a blue mug", "--seed", 3, "--json").values[0]["job"]["request"]["seed"] == 3
    assert run.run("replay", cancelled).status == ExitStatus.REFUSED
    assert run("retry", cancelled, "--json").values[0]["job"]["derived_from"] == {"job": cancelled, "how": "retry"}


def test_sweep_writes_the_grid(run: CommandLine) -> None:
    """And with --pictures each picture."""
    ran = run("sweep", "a red mug", "a blue mug", "--seeds", "1,2", *_SMALL, "-o", "grid.png", "--pictures", "all")

    assert ran.out.splitlines()[0] == "grid.png"
    assert len(list(Path("all").iterdir())) == 4
    [value] = run("sweep", "a", "-a", "guidance_scale=2,4", *_SMALL, "--json").values
    assert value["sweep"]["axes"]["parameters"] == {"guidance_scale": [2, 4]}
    assert run.run("sweep", "a", "--seeds", "one").status == ExitStatus.USAGE


def test_models_and_styles_are_shown(run: CommandLine) -> None:
    """All, or one of them."""
    assert run("models").lines[0][0] == "picturebook"
    assert run("models").lines[0][-1] == "default"
    assert ["id", "picturebook"] in run("models", "picturebook").lines
    assert ["ready", "yes"] in run("models", "picturebook").lines
    assert run("models", "picturebook", "--json").values[0]["parameters"]
    assert "product-photo" in [line[0] for line in run("styles").lines]
    assert ["name", "poster"] in run("styles", "poster").lines
    assert run("styles", "--json").values[0]["name"]
    assert run.run("styles", "none").status == ExitStatus.NOT_FOUND


def test_a_prompt_is_checked(run: CommandLine) -> None:
    """What it names, and its tokens."""
    assert ["colour", "red"] in run("check", "a red mug").lines
    assert run("check", "a red mug", "--json").values[0]["elements"]


def test_files_are_sent_listed_saved_and_deleted(run: CommandLine, cat: Path) -> None:
    """By their ids."""
    [[file, _]] = run("files", "send", cat).lines

    assert [line[0] for line in run("files", "list").lines] == [file]
    assert run("files", "get", file, "-o", "copy.png").out == "copy.png\n"
    assert run("files", "delete", file, "--json").values[0]["file_id"] == file
    assert run("files", "list").out == ""


def test_the_queue_is_paused_and_resumed(run: CommandLine, darkroom: Darkroom) -> None:
    """And a job goes first."""
    assert ["paused", "yes"] in run("queue", "pause").lines
    darkroom.submit("a mug")
    last = darkroom.submit("a mug").id
    assert run("queue", "move", last, "front").lines[0][0] == last
    assert run("queue", "show", "--json").values[0]["queued"] == 2
    assert ["paused", "no"] in run("queue", "resume").lines
    darkroom.jobs.cancel_many(all=True)


def test_webhooks_are_added_and_deleted(run: CommandLine) -> None:
    """The secret is shown once."""
    [[endpoint, secret]] = run("webhooks", "add", "https://example.com/hooks").lines

    assert secret.startswith("whsec_")
    assert run("webhooks", "list").lines[0][:2] == [endpoint, "https://example.com/hooks"]
    run("webhooks", "delete", endpoint)
    assert run("webhooks", "list").out == ""
    assert run("webhooks", "secret").out.startswith("whsec_")


def test_deliveries_are_listed_and_sent_again(run: CommandLine, darkroom: Darkroom, listener: WebhookListener) -> None:
    """With what was answered."""
    run("webhooks", "add", listener.url)
    job = darkroom.render("a red mug", **SMALL).job
    call = listener.calls.get(timeout=60)
    deadline = time.monotonic() + 60
    [[delivery, *shown]] = run("webhooks", "deliveries", "--job", job.id).lines
    # What was answered is written down after the call.
    while shown[0] == "pending" and time.monotonic() < deadline:
        time.sleep(0.1)
        [[delivery, *shown]] = run("webhooks", "deliveries", "--job", job.id).lines

    assert shown == ["delivered", "job.succeeded", job.id, listener.url, "1", "204"]
    assert run("webhooks", "redeliver", delivery).lines == [[delivery, "pending"]]
    assert listener.calls.get(timeout=60).headers["webhook-id"] == call.headers["webhook-id"]
    assert run("webhooks", "deliveries", "--status", "exhausted").out == ""


def test_login_is_tried_and_kept(run: CommandLine, account: Connection) -> None:
    """And used by later calls, until it is forgotten."""
    nothing = {"DARKROOM_URL": "", "DARKROOM_API_KEY": ""}
    assert run.run("jobs", **nothing).status == ExitStatus.NOT_SIGNED_IN

    wrong = run.run("login", account.url, stdin="dk_wrong\n", **nothing)
    assert wrong.status == ExitStatus.NOT_SIGNED_IN
    assert run.run("login", account.url, stdin=f"{account.api_key}\n", **nothing).status == ExitStatus.DONE
    assert run.run("jobs", **nothing).status == ExitStatus.DONE
    assert run.run("logout", **nothing).out == "forgotten\n"
    assert run.run("jobs", **nothing).status == ExitStatus.NOT_SIGNED_IN


def test_doctor_says_what_is_wrong(run: CommandLine, darkroom: Darkroom) -> None:
    """With the exit status of the first check that fails."""
    darkroom.render("a mug", **SMALL)

    assert [value["check"] for value in run("doctor", "--json").values if value["ok"]] == [
        *("client", "settings", "address", "clock", "key", "models", "workers", "store")
    ]
    unreachable = run.run("doctor", DARKROOM_URL="http://127.0.0.1:1")
    assert (unreachable.status, "cannot be reached" in unreachable.out) == (ExitStatus.UNAVAILABLE, True)
    assert run.run("doctor", DARKROOM_API_KEY="dk_wrong").status == ExitStatus.NOT_SIGNED_IN
    assert run.run("doctor", DARKROOM_URL="").status == ExitStatus.NOT_SIGNED_IN
    assert run.run("doctor", DARKROOM_URL=re.sub(r":\d+$", ":1", run.connection.url)).status == ExitStatus.UNAVAILABLE


def test_what_goes_wrong_has_a_status_of_its_own(run: CommandLine, darkroom: Darkroom, cat: Path) -> None:
    """And with --json the problem in place of the result."""
    refused = run.run("render", "a mug", "--steps", 4000, "--json")
    assert refused.status == ExitStatus.REFUSED
    assert refused.values[0]["error"]["errors"][0]["field"] == "num_inference_steps"

    black = cat.with_name("black.png")
    Image.new("L", (64, 64)).save(black)
    failed = run.run("render", "a mug", "-i", cat, "--mask", black, *_SMALL)
    assert (failed.status, "(invalid_request)" in failed.err) == (ExitStatus.JOB_FAILED, True)

    darkroom.queue.pause()
    assert run.run("render", "a mug", "--timeout", 0.5).status == ExitStatus.TIMED_OUT
    assert run.run("render").status == ExitStatus.USAGE
    assert run.run("render", "a mug", "--set", "steps").status == ExitStatus.USAGE
    assert run.run("files", "send", "none.png").status == ExitStatus.ERROR
    darkroom.jobs.cancel_many(all=True)


def test_the_version_is_printed(run: CommandLine) -> None:
    """Without a service."""
    assert re.fullmatch(r"darkroom \d+\.\d+\.\d+\n", run("--version").out)
