"""Read and check `models.toml`, and locate each model's files."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.catalog.check_pipeline import check_own_size, check_pipeline, check_stages
from core.catalog.configuration import ModelConfiguration, read_configuration
from core.catalog.entry import ModelEntry, ModelId
from core.catalog.families import find_joined_class
from core.catalog.lock import Lock, read_lock
from core.catalog.lora import LoraEntry, check_lora
from core.catalog.sources import FileSource, FolderSource, HubFileSource, HubSource, LocalFileSource, Source
from core.errors import InvalidCatalog, ModelNotFetched, ModelNotFound
from core.settings import get_settings


class Catalog(BaseModel):
    """All models by id, and the folders that their sources start from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[ModelId, ModelEntry] = Field(min_length=1)
    loras: dict[ModelId, LoraEntry] = Field(default_factory=dict)
    #: Where the models file is; local sources are relative to it.
    folder: Path
    #: Where `darkroom-models fetch` puts what it brings from the hub.
    fetched_folder: Path = Path("models")
    lock_path: Path = Path("models.lock")

    def find(self, model_id: str) -> ModelEntry | None:
        return self.models.get(model_id)

    def get(self, model_id: str) -> ModelEntry:
        """Raises ModelNotFound."""
        entry = self.models.get(model_id)
        if entry is None:
            raise ModelNotFound(f"There is no model {model_id!r}; GET /v1/models lists them.")
        return entry

    def get_fetchable(self, id_: str) -> ModelEntry | LoraEntry:
        """The model or LoRA of that id. Raises ModelNotFound."""
        return self.loras[id_] if id_ in self.loras else self.get(id_)

    @property
    def lock(self) -> Lock:
        """What is pinned and fetched as of now: a model that is fetched while a process runs is available without a
        restart.
        """
        return read_lock(self.lock_path)

    def is_available(self, model_id: str) -> bool:
        """Whether everything of the model that comes from the hub has been fetched, as the lock says."""
        return self.find_unfetched(model_id) is None

    def find_unfetched(self, model_id: str) -> HubSource | None:
        """The first source of the model that is still to be fetched, or None."""
        of_hub = [source for source in self.get(model_id).sources.values() if isinstance(source, HubSource)]
        # A local model has nothing to look up, and every submit asks this.
        locked = self.lock.sources if of_hub else {}
        for source in of_hub:
            if source.key not in locked or locked[source.key].fetched_at is None:
                return source
        return None

    def loras_of(self, model_id: str) -> dict[str, LoraEntry]:
        """The LoRAs that were made for the model, by id."""
        return {lora_id: lora for lora_id, lora in self.loras.items() if model_id in lora.models}

    def is_lora_available(self, lora_id: str) -> bool:
        """Whether the LoRA's file is local, or has been fetched as the lock says."""
        source = self.loras[lora_id].source
        if not isinstance(source, HubSource):
            return True
        locked = self.lock.sources.get(source.key)
        return locked is not None and locked.fetched_at is not None

    def lora_path(self, lora_id: str) -> Path:
        """The LoRA's file on this machine. Raises ModelNotFetched."""
        try:
            return self.locate(lora_id, self.loras[lora_id].source)
        except ModelNotFetched as error:
            raise ModelNotFetched.of_lora(lora_id) from error

    def revision(self, model_id: str) -> str:
        """The name of the exact weights. Raises ModelNotFetched if the model is neither local nor pinned."""
        entry = self.get(model_id)
        if not isinstance(entry.source, HubSource):
            return entry.revision or ""
        locked = self.lock.sources.get(entry.source.key)
        if locked is None:
            raise ModelNotFetched.of(model_id)
        return locked.revision

    def pipeline_class(self, model_id: str) -> str | None:
        """The pipeline class that the model draws as; None while it is unknown: a hub model that is not fetched yet."""
        entry = self.get(model_id)
        own = self._own_class(entry)
        return own if own is None or entry.prior is None else find_joined_class(own)

    def _own_class(self, entry: ModelEntry) -> str | None:
        return self._read_class(entry.source) if entry.pipeline == "auto" else entry.pipeline

    def _read_class(self, source: Source) -> str | None:
        """The class that a source itself names."""
        if isinstance(source, HubSource):
            locked = self.lock.sources.get(source.key)
            return None if locked is None else locked.pipeline
        return _read_class_name(self.folder / source.folder) if isinstance(source, FolderSource) else None

    def configuration(self, model_id: str) -> ModelConfiguration:
        """What the model's own folder says of its components; nothing while that is not on this machine."""
        source = self.get(model_id).source
        if isinstance(source, FolderSource):
            return read_configuration(self.folder / source.folder)
        if isinstance(source, FileSource):
            return read_configuration(self.folder / source.config)
        locked = self.lock.sources.get(source.key)
        return (
            ModelConfiguration()
            if locked is None
            else read_configuration(self.fetched_path(source, locked.revision) / (source.subfolder or ""))
        )

    def source_path(self, model_id: str) -> Path:
        """The model's folder, or its one file, on this machine. Raises ModelNotFetched."""
        return self.locate(model_id, self.get(model_id).source)

    def locate(self, model_id: str, source: Source | LocalFileSource | HubFileSource) -> Path:
        """Where a source of the model is on this machine. Raises ModelNotFetched with the command that brings it."""
        if isinstance(source, FolderSource):
            return self.folder / source.folder
        if isinstance(source, FileSource | LocalFileSource):
            return self.folder / source.file
        locked = self.lock.sources.get(source.key)
        if locked is None or locked.fetched_at is None:
            raise ModelNotFetched.of(model_id)
        path = self.fetched_path(source, locked.revision)
        for name, file in locked.files.items():
            target = path / name
            if not target.is_file() or target.stat().st_size != file.byte_size:
                raise ModelNotFetched.of(model_id)
        return path / (source.file if isinstance(source, HubFileSource) else source.subfolder or "")

    def fetched_path(self, source: HubSource, revision: str) -> Path:
        """The folder of a commit of a repository."""
        return self.fetched_folder / source.hub.replace("/", "--") / revision

    @model_validator(mode="after")
    def _pipelines_fit(self) -> Self:
        for model_id, entry in self.models.items():
            class_name = self._own_class(entry)
            if class_name is not None:
                self._check(model_id, entry, class_name)
            elif isinstance(entry.source, FolderSource):
                place = f"{entry.source.folder}/model_index.json"
                raise ValueError(f"models.{model_id}.pipeline: name the class, since {place} is not there to tell it")
        return self

    def _check(self, model_id: str, entry: ModelEntry, class_name: str) -> None:
        """`class_name` is the entry's own, which is a stage's if it has a prior."""
        drawn_as = class_name if entry.prior is None else find_joined_class(class_name)
        try:
            check_stages(entry, class_name, None if entry.prior is None else self._read_class(entry.prior))
            check_pipeline(entry, drawn_as)
            check_own_size(entry, drawn_as, self.configuration(model_id).own_size)
        except ValueError as error:
            raise ValueError(f"models.{model_id}.{error}") from error

    @model_validator(mode="after")
    def _loras_fit(self) -> Self:
        for lora_id, lora in self.loras.items():
            if lora_id in self.models:
                raise ValueError(f"loras.{lora_id}: there is a model of that id")
            try:
                check_lora(lora, self.models)
            except ValueError as error:
                raise ValueError(f"loras.{lora_id}.{error}") from error
        return self


def _read_class_name(folder: Path) -> str | None:
    try:
        name = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))["_class_name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # A modular or custom pipeline is named by a list.
    return name if isinstance(name, str) else None


def load_catalog(path: Path, *, fetched_folder: Path = Path("models"), lock_path: Path | None = None) -> Catalog:
    """Read a models file; its lock is beside it, unless `lock_path` names another file.

    Raises InvalidCatalog with the file, the field and the reason.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return Catalog(
            **content,
            folder=path.resolve().parent,
            fetched_folder=fetched_folder.resolve(),
            lock_path=path.resolve().with_suffix(".lock") if lock_path is None else lock_path.resolve(),
        )
    except OSError as error:
        raise InvalidCatalog(f"MODELS_FILE is {str(path)!r}, which cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise InvalidCatalog(f"{path}: {error}") from error
    except ValidationError as error:
        reasons = "; ".join(_build_reason(item["loc"], item["msg"]) for item in error.errors())
        raise InvalidCatalog(f"{path}: {reasons}") from error


def _build_reason(location: tuple[int | str, ...], message: str) -> str:
    place = ".".join(str(part) for part in location)
    reason = message.removeprefix("Value error, ")
    return f"{place}: {reason}" if place else reason


@cache
def get_catalog() -> Catalog:
    """The catalog of this process, read on first use. Raises InvalidCatalog, also if the default model is missing."""
    settings = get_settings()
    catalog = load_catalog(settings.models_file, fetched_folder=settings.models_folder, lock_path=settings.models_lock)
    if catalog.find(settings.default_model) is None:
        raise InvalidCatalog(
            f"DEFAULT_MODEL is {settings.default_model!r}: it has to be a model of {settings.models_file}, "
            f"such as {next(iter(catalog.models), 'none, for there is none')}"
        )
    return catalog
