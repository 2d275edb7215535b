"""Ask the hub for the commit and the files of a source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

import httpx2
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from core.catalog import HubFileSource, HubSource
from core.catalog.lock import LockedFile, LockedSource
from core.catalog.lora import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from worker.model_store.errors import HubRefused
from worker.model_store.select_files import select_files

_INDEX = "model_index.json"
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class _Index:
    pipeline: str | None
    components: list[str]


def pin_source(source: HubSource) -> LockedSource:
    """The commit that the source's revision names now, with the files that the model or the LoRA needs. Raises HubRefused."""
    with translate_hub_errors(source):
        api = HfApi()
        commit = api.model_info(source.hub, revision=source.revision).sha
        if commit is None:
            raise HubRefused(f"The hub does not say which commit {source.revision!r} of {source.hub} is.")
        tree = {
            entry.path: entry
            for entry in api.list_repo_tree(source.hub, recursive=True, revision=commit)
            if isinstance(entry, RepoFile)
        }
        index_path = f"{source.subfolder}/{_INDEX}" if source.subfolder else _INDEX
        index = _read_index(source.hub, commit, index_path) if index_path in tree else None
    if isinstance(source, HubFileSource):
        if source.file not in tree:
            raise HubRefused(f"{source.hub} has no {source.file} at {source.revision}.")
        # How strongly peft's adapters work stands in a file of its own.
        beside = str(PurePosixPath(source.file).with_name(ADAPTER_CONFIG))
        wanted = [
            source.file,
            *([beside] if PurePosixPath(source.file).name == ADAPTER_WEIGHTS and beside in tree else []),
        ]
        return LockedSource(revision=commit, files={path: _lock_file(tree[path]) for path in wanted})
    paths = select_files(
        tree,
        components=None if index is None else index.components,
        variant=source.variant,
        subfolder=source.subfolder or "",
    )
    if not any(path.endswith(".safetensors") for path in paths):
        place = f"{source.hub}/{source.subfolder}" if source.subfolder else source.hub
        raise HubRefused(f"{place} has no safetensors weights at {source.revision}; other kinds are not loaded.")
    return LockedSource(
        revision=commit,
        files={path: _lock_file(tree[path]) for path in paths},
        pipeline=None if index is None else index.pipeline,
    )


@contextmanager
def translate_hub_errors(source: HubSource) -> Iterator[None]:
    """Turn errors of the hub and of the network into HubRefused, which says what to do."""
    try:
        yield
    except GatedRepoError as error:
        raise HubRefused(
            f"{source.hub} is given only to those who accepted its licence on https://huggingface.co/{source.hub}: "
            "do so, and set HF_TOKEN to a token of that account."
        ) from error
    except RepositoryNotFoundError as error:
        raise HubRefused(f"The hub has no repository {source.hub}, or HF_TOKEN may not see it.") from error
    except RevisionNotFoundError as error:
        raise HubRefused(f"{source.hub} has no revision {source.revision!r}.") from error
    except HfHubHTTPError as error:
        raise HubRefused(f"The hub refused {source.hub}: {str(error).splitlines()[0]}") from error
    except httpx2.HTTPError as error:
        raise HubRefused(f"The hub does not answer: {error}. What was downloaded is kept; run it again.") from error


def _read_index(repository: str, commit: str, path: str) -> _Index:
    url = hf_hub_url(repository, path, revision=commit)
    response = get_session().get(url, headers=build_hf_headers(), timeout=_TIMEOUT_SECONDS, follow_redirects=True)
    hf_raise_for_status(response)
    content = json.loads(response.content)
    class_name = content.get("_class_name")
    # A component is a pair of library and class; it is [null, null] if the pipeline does without it. Other lists are settings.
    components = [
        name
        for name, value in content.items()
        if isinstance(value, list)
        and len(value) == len(("library", "class"))
        and all(isinstance(each, str) for each in value)
    ]
    return _Index(class_name if isinstance(class_name, str) else None, components)


def _lock_file(file: RepoFile) -> LockedFile:
    if file.lfs is not None:
        return LockedFile(byte_size=file.lfs.size, sha256=file.lfs.sha256)
    return LockedFile(byte_size=file.size, sha256=None, git_blob=file.blob_id)
