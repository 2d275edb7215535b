"""The how-tos of docs/how-to: their programs do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from darkroom import Darkroom
from darkroom.connection import Connection
from PIL import Image

from bench.models_file import write_section
from bench.tiny_families.every import EVERY_FAMILY
from core.catalog import load_catalog
from infra.local import LocalStack
from tests.acceptance.beside_picturebook import write_models_file
from tests.acceptance.customer import open_account
from tests.client.how_tos import HOW_TOS, run_how_to
from tests.warm.start_warm import start_warm

# A program of each page draws some thirty pictures.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_product_images(account: Connection, darkroom: Darkroom, tmp_path: Path) -> None:
    """Four products are drawn once each, although the program asks twice, and the one that was chosen is on its board."""
    run_how_to("product-images", account, tmp_path)

    assert {path.name for path in (tmp_path / "shop").iterdir()} == {
        f"SHOP-{number}.webp" for number in range(1001, 1005)
    }
    assert all(_read(path).size == (256, 256) for path in (tmp_path / "shop").iterdir())
    drawn = [job.metadata["product"] for job in darkroom.jobs.list(style="spring") if job.sweep is None]
    assert sorted(drawn) == ["SHOP-1001", "SHOP-1002", "SHOP-1003", "SHOP-1004", "SHOP-1004"]
    [board] = darkroom.boards.list()
    [kept] = darkroom.outputs.list(board=board)
    assert kept.favourite


def test_artwork_variations(account: Connection, darkroom: Darkroom, tmp_path: Path) -> None:
    """Two sheets, two variations of one job, and a replay that is equal to the bit."""
    run_how_to("artwork-variations", account, tmp_path)

    saved = {path.name for path in tmp_path.glob("*.png")}
    assert saved == {
        "idea.png",
        "others.png",
        "others-2.png",
        "others-3.png",
        "others-4.png",
        "purple.png",
        "nearer.png",
        "final.png",
    }
    assert [sweep.cells for sweep in darkroom.sweeps.list()] == [8, 16]


def test_a_building_from_a_sketch(account: Connection, tmp_path: Path) -> None:
    """By image-to-image, a mask and wider edges; what the mask spares is the same to the bit."""
    run_how_to("building-from-a-sketch", account, tmp_path)

    house, with_tree, wide = (_read(tmp_path / f"{name}.png") for name in ("house", "with-tree", "wide"))
    assert with_tree.crop((120, 0, 256, 256)).tobytes() == house.crop((120, 0, 256, 256)).tobytes()
    assert with_tree.tobytes() != house.tobytes()
    assert wide.size == (384, 256)
    assert wide.crop((64, 0, 320, 256)).tobytes() == with_tree.tobytes()


@pytest.fixture
def model_with_controlnet(tmp_path: Path) -> Path:
    """A models file with `house`, as the page has it but for its weights, which are few and random."""
    EVERY_FAMILY["sd15"].build(tmp_path / "base")
    EVERY_FAMILY["sd15-controlnet"].assemble().controlnet.save_pretrained(tmp_path / "lines")
    schedulers = {"schedulers": ["ddim", "dpmpp_2m"], "default_scheduler": "dpmpp_2m"}
    return write_models_file(tmp_path, write_section("house", "base", controlnet="lines", **schedulers))


def test_a_building_by_its_lines(model_with_controlnet: Path, tmp_path: Path) -> None:
    """The section of the models file is one, the programs run with such a model, and other lines draw another picture."""
    [section] = re.findall(
        r"^```toml\n(.*?)^```$", (HOW_TOS / "building-from-a-sketch.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "section.toml").write_text(section)
    assert list(load_catalog(tmp_path / "section.toml").models) == ["house"]

    environment = {"MODELS_FILE": str(model_with_controlnet)}
    with (
        LocalStack(environment=environment, start_process=start_warm) as stack,
        open_account(stack, "architect") as customer,
        Darkroom(stack.url, customer.api_key) as darkroom,
    ):
        run_how_to("building-from-a-sketch", darkroom.connection, tmp_path, with_controlnet=True)
        [photographs] = darkroom.jobs.list(model="house", limit=1, order="asc")
        wall = Image.new("RGB", (512, 512), "white")
        other = darkroom.pictures(darkroom.vary(photographs, control_image=wall, seed=7))
    assert (photographs.request["num_images"], len(list(tmp_path.glob("photograph*.png")))) == (2, 2)
    assert (tmp_path / "strictness.png").exists()
    assert other[0].data != (tmp_path / "photograph.png").read_bytes()


def _read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")
