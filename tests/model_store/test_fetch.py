"""`darkroom-models` against a hub that is a real HTTP server."""

from __future__ import annotations

import json
import re

import pytest

from tests.model_store.conftest import WEIGHTS, Run, Workplace
from tests.model_store.hub_server import Hub

UNET = "unet/diffusion_pytorch_model.safetensors"


def test_a_fetched_model_renders(run_process: Run, hub: Hub, workplace: Workplace) -> None:
    """fetch brings the model's files and no others, records them, and the worker loads them from there."""
    from worker.rendering.models import Models

    assert not workplace.catalog.is_available("small")

    fetched = run_process("fetch", "small")

    assert fetched.returncode == 0, fetched.stderr
    assert hub.repositories["owner/small"].commit in fetched.stdout
    assert re.search(r"\d+ files, [\d.]+ MB, every sha256 checked", fetched.stdout)
    catalog = workplace.catalog
    assert catalog.is_available("small")
    folder = catalog.source_path("small")
    assert (folder / UNET).read_bytes() == (WEIGHTS / UNET).read_bytes()
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not names & {"diffusion_pytorch_model.bin", "whole.safetensors", "run.json", "README.md", "sheet.png"}
    assert Models(catalog, device="cpu").load("small").pipeline


def test_a_second_fetch_asks_for_nothing(run: Run, hub: Hub) -> None:
    """What is there and right is not fetched again."""
    run("fetch", "small")
    hub.asked.clear()

    assert run("fetch", "small").returncode == 0
    assert hub.asked == []


def test_a_broken_line_is_mended(run: Run, hub: Hub, workplace: Workplace) -> None:
    """A download that breaks off resumes at the byte where it stopped, in the same run."""
    hub.cut_after_bytes, hub.cuts_left = 500_000, 2

    assert run("fetch", "small").returncode == 0
    assert next(start for _, start in hub.asked if start) >= 500_000
    assert workplace.catalog.is_available("small")


def test_a_later_run_goes_on_where_the_first_stopped(run_process: Run, hub: Hub, workplace: Workplace) -> None:
    """What came before the program ended is kept, in the middle of a file too."""
    hub.cut_after_bytes, hub.cuts_left = 0, 1_000
    stopped = run_process("fetch", "small")
    assert stopped.returncode == 1
    assert "run it again" in stopped.stderr
    assert not workplace.catalog.is_available("small")

    folder = workplace.catalog.fetched_folder / "owner--small" / hub.repositories["owner/small"].commit
    partial = folder / f"{UNET}.partial"
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_bytes((WEIGHTS / UNET).read_bytes()[:1_000_000])
    hub.cuts_left = 0
    hub.asked.clear()

    assert run_process("fetch", "small").returncode == 0
    assert [start for path, start in hub.asked if path == UNET] == [1_000_000]
    assert (folder / UNET).read_bytes() == (WEIGHTS / UNET).read_bytes()
    assert not list(folder.rglob("*.partial"))


@pytest.mark.parametrize("path", [UNET, "unet/config.json"])
def test_a_wrong_hash_is_refused(run: Run, hub: Hub, workplace: Workplace, path: str) -> None:
    """A file that is not what the hub listed, large or small, is deleted, and the model is not available."""
    repository = hub.repositories["owner/small"]
    repository.tampered[path] = bytes(len(repository.files[path]))

    refused = run("fetch", "small")

    assert refused.returncode == 1
    assert path in refused.stderr
    assert not workplace.catalog.is_available("small")
    repository.tampered.clear()
    assert run("fetch", "small").returncode == 0


def test_the_lock_counts_more_than_the_hub(run: Run, hub: Hub, workplace: Workplace) -> None:
    """Once pinned, a model stays what it was: another commit is not taken, and other content is refused."""
    assert run("pin", "small").returncode == 0
    first = hub.repositories["owner/small"].commit
    lock_path = workplace.catalog.lock_path
    lock = json.loads(lock_path.read_text())
    lock["sources"]["owner/small@main"]["files"][UNET]["sha256"] = "0" * 64
    lock_path.write_text(json.dumps(lock))

    refused = run("fetch", "small")
    assert refused.returncode == 1
    assert f"instead of {'0' * 64}" in refused.stderr

    hub.repositories["owner/small"].commit = "f" * 40
    assert first in run("pin", "small").stdout
    assert "f" * 40 in run("pin", "small", "--update").stdout
    assert run("fetch", "small").returncode == 0
    assert workplace.catalog.revision("small") == "f" * 40


def test_pinning_fetches_no_weights(run: Run, hub: Hub, workplace: Workplace) -> None:
    """pin writes commit, sizes and the weights' hashes down; the model is not available yet."""
    assert run("pin", "small").returncode == 0

    locked = workplace.catalog.lock.sources["owner/small@main"]
    assert locked.revision == hub.repositories["owner/small"].commit
    assert locked.files[UNET].sha256
    assert locked.files["unet/config.json"].sha256 is None
    assert {path for path, _ in hub.asked} == {"model_index.json"}
    assert not workplace.catalog.is_available("small")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("lost", "owner/small has no revision 'v9'"),
        ("absent", "no repository owner/absent"),
        ("gated", "set HF_TOKEN"),
        ("pickled", "no safetensors weights"),
        ("nobody", "There is no model 'nobody'"),
    ],
)
def test_what_cannot_be_fetched_says_why(run_process: Run, model: str, reason: str) -> None:
    """A missing revision or repository, a gate, weights of another kind, an unknown id: one line, and exit status 1."""
    refused = run_process("fetch", model)

    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_licence_is_accepted_first(run: Run) -> None:
    """A model that is not open to commercial use is fetched only with the option that accepts its licence."""
    refused = run("fetch", "tagged")
    assert refused.returncode == 1
    for part in ("LicenseRef-Nobody", "https://example.com/licence", "Only for pleasure.", "--accept-licence"):
        assert part in refused.stderr

    accepted = run("fetch", "tagged", "--accept-licence")
    assert accepted.returncode == 0
    assert "LicenseRef-Nobody" in accepted.stdout


def test_verify_finds_what_changed(run: Run, workplace: Workplace) -> None:
    """verify reads every byte: a changed file and a missing one are named; fetch brings both back."""
    assert "has not been fetched" in run("verify", "small").stderr
    run("fetch", "small")
    assert run("verify", "small").returncode == 0

    folder = workplace.catalog.source_path("small")
    content = bytearray((folder / UNET).read_bytes())
    content[-1] ^= 1
    (folder / UNET).write_bytes(content)
    (folder / "unet/config.json").unlink()
    broken = run("verify", "small")
    assert broken.returncode == 1
    assert f"{UNET} has the sha256" in broken.stderr
    assert "unet/config.json is missing" in broken.stderr

    assert run("fetch", "small").returncode == 1, "the changed file is said to be wrong, and deleted"
    assert run("fetch", "small").returncode == 0
    assert run("verify", "small").returncode == 0


def test_list_shows_what_is_here(run: Run) -> None:
    """list shows for every model whether it is fetched, and its licence."""
    run("fetch", "small")
    run("pin", "tagged")

    lines = {line.split()[0]: line for line in run("list").stdout.splitlines()}
    assert "  fetched " in lines["small"]
    assert "  pinned " in lines["tagged"]
    assert "  not fetched " in lines["absent"]
    assert "LicenseRef-Nobody (no general commercial use)" in lines["tagged"]


def test_extras_are_fetched_with_their_model(run: Run, workplace: Workplace) -> None:
    """A folder of a repository, and one file of it: each is pinned by itself, and lies where it is looked for."""
    assert not workplace.catalog.is_available("extra")

    fetched = run("fetch", "extra")

    assert fetched.returncode == 0, fetched.stderr
    catalog = workplace.catalog
    assert catalog.is_available("extra")
    assert {key.partition("@")[2] for key in catalog.lock.sources} == {
        "main",
        "main#vae/",
        "main#ink/adapter_model.safetensors",
    }
    paths = {name: catalog.locate("extra", source) for name, source in catalog.get("extra").extras.items()}
    assert sorted(path.name for path in paths["vae"].iterdir()) == [
        "config.json",
        "diffusion_pytorch_model.safetensors",
    ]
    assert paths["textual_inversions.<ink>"].read_bytes() == b"an adapter"
    locked = catalog.lock.sources["owner/small@main#vae/"]
    assert set(locked.files) == {"vae/config.json", "vae/diffusion_pytorch_model.safetensors"}
    assert all(file.sha256 for file in locked.files.values())
    paths["textual_inversions.<ink>"].unlink()
    assert "ink/adapter_model.safetensors is missing" in run("verify", "extra").stderr


def test_a_lora_is_fetched_alone(run: Run, hub: Hub, workplace: Workplace) -> None:
    """fetch brings a LoRA's one file, checked and pinned like a model's; a file that the hub lacks is named."""
    assert not workplace.catalog.is_lora_available("ink")

    fetched = run("fetch", "ink")

    assert fetched.returncode == 0, fetched.stderr
    assert "1 files" in fetched.stdout
    catalog = workplace.catalog
    assert catalog.is_lora_available("ink")
    path = catalog.lora_path("ink")
    assert path.read_bytes() == hub.repositories["owner/small"].files["whole.safetensors"]
    assert [each.name for each in path.parent.iterdir() if each.is_file()] == ["whole.safetensors"]
    assert "ink" in run("list").stdout
    assert run("verify", "ink").returncode == 0
    path.unlink()
    assert "darkroom-models fetch ink" in run("verify", "ink").stderr

    assert run("fetch", "peft-ink").returncode == 0
    path = workplace.catalog.lora_path("peft-ink")
    # Without its settings peft's adapter would work more or less strongly.
    assert sorted(each.name for each in path.parent.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]

    lost = run("fetch", "lost-ink")
    assert lost.returncode == 1
    assert "owner/small has no none.safetensors at main" in lost.stderr
