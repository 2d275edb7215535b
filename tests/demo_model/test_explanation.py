"""The page that explains the model, written from the weights as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from demo_model.explanation.explain import explain
from demo_model.settings import WEIGHTS_FOLDER

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:diffusers", "ignore::DeprecationWarning")


def test_the_page_follows_a_caption_to_its_picture(tmp_path: Path) -> None:
    """Its tokens, its words' neighbours, the latents at six steps and the picture are in the page, and all links lead on."""
    page = tmp_path / "picturebook.md"
    explain(WEIGHTS_FOLDER, page)

    text = page.read_text()
    assert "> a large red mug on the left and a small blue star" in text
    assert "`red` `mug`" in text
    assert "| red |" in text
    assert "after steps 1, 2, 4, 6, 9, 12" in text
    pictures = [tmp_path / "picturebook" / f"{name}.png" for name in ("objects", "styles", "steps", "picture")]
    assert all(f"(picturebook/{path.name})" in text and path.exists() for path in pictures)
    with Image.open(pictures[2]) as steps:
        assert steps.width == 3 * steps.height
