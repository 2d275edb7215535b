"""A tiny family in a folder, loaded as a worker loads its models."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from bench.models_file import write_section
from bench.tiny_families.family import Family, prior_folder
from core.catalog import load_catalog
from worker.rendering.models import LoadedModel, Models


class TinyModels:
    """One family's model; the end of the block unloads it. Built once in the folder."""

    def __init__(self, folder: Path, family: Family) -> None:
        self.folder = folder / family.id
        self._family = family
        if not self.folder.exists():
            family.build(self.folder)
            family.build_redux(folder / f"{family.id}-redux")
        models_file = folder / f"{family.id}.toml"
        width, height = family.sizes[0]
        beside = {} if family.redux is None else {"redux": f"{family.id}-redux"}
        if family.assemble_prior is not None:
            beside = {"prior": prior_folder(self.folder).name}
        section = write_section(
            family.id,
            family.id,
            pipeline=family.pipeline,
            tasks=list(family.tasks),
            default_width=width,
            default_height=height,
            max_width=2048,
            max_height=2048,
            **beside,
        )
        models_file.write_text(section)
        # One forward at a time, as on a GPU: then jobs share most forwards.
        self._models = Models(load_catalog(models_file), device="cpu", budget_bytes=2**31, forwards=1)

    def load(self) -> LoadedModel:
        return self._models.load(self._family.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._models.close()
