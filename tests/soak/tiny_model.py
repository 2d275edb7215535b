"""The model of a soak: a real pipeline of random weights, so that most of the machine is left for what breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.models_file import write_section

_MODEL = "tiny"


@contextmanager
def serving_tiny_model() -> Iterator[dict[str, str]]:
    """The settings of a service that serves it alone."""
    # Imported when it is wanted: it loads torch and every pipeline of diffusers.
    from bench.tiny_families import FAMILIES

    with TemporaryDirectory(prefix="darkroom-soak-") as folder:
        FAMILIES["sd15"].build(Path(folder) / _MODEL)
        models_file = Path(folder) / "models.toml"
        section = write_section(_MODEL, _MODEL, tasks=["text-to-image", "image-to-image"])
        models_file.write_text(section, encoding="utf-8")
        yield {"MODELS_FILE": str(models_file), "DEFAULT_MODEL": _MODEL}
