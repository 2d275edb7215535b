"""Where a model's files come from: a folder, one file, or a repository of the hub that was fetched ahead."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

_HUB_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$"


def _stays_inside(path: str) -> str:
    if ".." in PurePosixPath(path).parts:
        raise ValueError("must stay inside the repository")
    return path


_FileOfHub = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,199}\.safetensors$"), AfterValidator(_stays_inside)
]
_FolderOfHub = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$"), AfterValidator(_stays_inside)]


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderSource(_Source):
    """A folder in diffusers' layout. Paths are relative to the models file."""

    folder: str = Field(min_length=1)


class FileSource(_Source):
    """One safetensors file that holds a whole model, and a folder in diffusers' layout with the configurations."""

    file: str = Field(pattern=r"\.safetensors$")
    config: str = Field(min_length=1)


class HubSource(_Source):
    """A repository of the hub. `darkroom-models fetch` brings it here; workers never ask the hub."""

    hub: str = Field(pattern=_HUB_NAME)
    #: A commit, tag or branch. What it stood for when it was pinned is in `models.lock`, and stays so.
    revision: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")
    #: The weights' variant, such as `fp16`, where the repository has several.
    variant: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,20}$")
    #: The only folder of the repository that is meant, such as `vae`.
    subfolder: _FolderOfHub | None = None

    @property
    def key(self) -> str:
        """Its key in the lock."""
        variant = f":{self.variant}" if self.variant else ""
        return f"{self.hub}@{self.revision}{variant}" + (f"#{self.subfolder}/" if self.subfolder else "")


class LocalFileSource(_Source):
    """A safetensors file; its path is relative to the models file."""

    file: str = Field(pattern=r"\.safetensors$")


class HubFileSource(HubSource):
    """One file of a repository of the hub, which `darkroom-models fetch` brings here."""

    file: _FileOfHub
    variant: None = None
    subfolder: None = None

    @property
    def key(self) -> str:
        """Its key in the lock."""
        return f"{self.hub}@{self.revision}#{self.file}"


def _kind(value: Any) -> str | None:
    for kind, cls in (("folder", FolderSource), ("file", FileSource), ("hub", HubSource)):
        if isinstance(value, cls) or (isinstance(value, dict) and kind in value):
            return kind
    return None


def _spell_out(value: Any) -> Any:
    # A plain text is a folder.
    return {"folder": value} if isinstance(value, str) else value


#: In the models file: a folder's path, or a table with `folder`, `file` and `config`, or `hub`.
Source = Annotated[
    Annotated[FolderSource, Tag("folder")] | Annotated[FileSource, Tag("file")] | Annotated[HubSource, Tag("hub")],
    Discriminator(
        _kind,
        custom_error_type="source",
        custom_error_message="must be a folder's path, or a table with `folder`, with `file` and `config`, or with `hub`",
    ),
    BeforeValidator(_spell_out),
]


def _spell_out_file(value: Any) -> Any:
    # A plain text is a file.
    return {"file": value} if isinstance(value, str) else value


#: In the models file: a safetensors file's path, or a table with `hub`, `file` and perhaps `revision`.
WeightsFile = Annotated[HubFileSource | LocalFileSource, BeforeValidator(_spell_out_file)]

#: In the models file, for one component: a folder's path, or a table with `folder` or `hub`.
ComponentSource = Annotated[
    Annotated[FolderSource, Tag("folder")] | Annotated[HubSource, Tag("hub")],
    Discriminator(
        _kind,
        custom_error_type="source",
        custom_error_message="must be a folder's path, or a table with `folder` or `hub`",
    ),
    BeforeValidator(_spell_out),
]
