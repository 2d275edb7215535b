"""`darkroom-models families`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.parametrize(("options", "beginning"), [((), "class "), (("--markdown",), "# Families\n")])
def test_it_prints_the_table_without_any_models(options: tuple[str, ...], beginning: str) -> None:
    """It needs no models file, and neither torch nor diffusers."""
    program = (
        "import sys; sys.modules.update(torch=None, diffusers=None); "
        "from worker.model_store.commands import main; main()"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program, "families", *options],
        cwd=REPOSITORY,
        env=os.environ | {"MODELS_FILE": "/nowhere/models.toml"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert printed.startswith(beginning)
    assert "StableDiffusionPipeline" in printed
    assert "it draws videos" in printed
