"""Fetch everything of a model that comes from the hub, check it, and record it in the lock."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from huggingface_hub import hf_hub_url

from core.catalog import Catalog, HubSource
from core.catalog.lock import LockedFile, LockedSource, write_lock
from core.errors import DarkroomError
from worker.model_store.download import download_file
from worker.model_store.errors import HubRefused, LicenceNotAccepted, WrongContent
from worker.model_store.hub import pin_source, translate_hub_errors
from worker.model_store.verify import check_file

#: Called for every file with its name, the number of bytes just received, and the file's size.
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Fetched:
    """A source whose files are all here."""

    source: HubSource
    locked: LockedSource
    folder: Path


def fetch_model(
    catalog: Catalog, model_id: str, *, accept_licence: bool, on_progress: OnProgress = lambda *_: None
) -> list[Fetched]:
    """Fetch the sources of the model, or of the LoRA of that id, and record each in the lock once every file is right.

    A source that is already pinned is fetched at its pinned commit. Raises ModelNotFound, LicenceNotAccepted, HubRefused,
    and WrongContent for a file that is not what the lock says (the first time: what the hub says); that file is deleted.
    """
    entry = catalog.get_fetchable(model_id)
    if not (entry.commercial_use or accept_licence):
        address = f" ({entry.licence_url})" if entry.licence_url else ""
        raise LicenceNotAccepted(
            f"{model_id} is under {entry.licence}{address}: {entry.licence_note or 'not for commercial use.'} "
            "Read it, and run this again with --accept-licence."
        )
    fetched = []
    for source in entry.sources.values():
        if isinstance(source, HubSource):
            locked = pin(catalog, source)
            fetched.append(_fetch(catalog, source, locked, on_progress))
    return fetched


def pin(catalog: Catalog, source: HubSource, *, update: bool = False) -> LockedSource:
    """The source's entry in the lock. With `update`, or if it has none yet, the entry is made from what the hub has now."""
    known = catalog.lock.sources.get(source.key)
    if known is not None and not update:
        return known
    pinned = pin_source(source)
    if known is not None and known.revision == pinned.revision and set(known.files) == set(pinned.files):
        return known
    _record(catalog, source, pinned)
    return pinned


def _fetch(catalog: Catalog, source: HubSource, locked: LockedSource, on_progress: OnProgress) -> Fetched:
    folder = catalog.fetched_path(source, locked.revision)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        missing = [file.byte_size for name, file in locked.files.items() if not (folder / name).is_file()]
        free = shutil.disk_usage(folder).free
        if sum(missing) > free:
            raise HubRefused(f"{source.hub} needs {sum(missing)} bytes in {folder}, where {free} are free.")
        files = {
            name: _fetch_file(source, locked, folder=folder, name=name, on_progress=on_progress)
            for name in locked.files
        }
    done = locked.model_copy(update={"files": files, "fetched_at": locked.fetched_at or datetime.now(UTC)})
    if done != locked:
        _record(catalog, source, done)
    return Fetched(source, done, folder)


def _fetch_file(
    source: HubSource, locked: LockedSource, *, folder: Path, name: str, on_progress: OnProgress
) -> LockedFile:
    file, target = locked.files[name], folder / name
    if not target.is_file():
        with translate_hub_errors(source):
            download_file(
                hf_hub_url(source.hub, name, revision=locked.revision),
                target,
                byte_size=file.byte_size,
                on_bytes=lambda count: on_progress(name, count, file.byte_size),
            )
    else:
        on_progress(name, file.byte_size, file.byte_size)
    digest, fault = check_file(target, file)
    if fault is not None:
        target.unlink()
        raise WrongContent(f"{source.hub}: {name} {fault}. It was deleted; run this again to fetch it again.")
    return file.model_copy(update={"sha256": digest})


def _record(catalog: Catalog, source: HubSource, locked: LockedSource) -> None:
    catalog.lock_path.parent.mkdir(parents=True, exist_ok=True)
    lock = catalog.lock
    write_lock(catalog.lock_path, lock.model_copy(update={"sources": {**lock.sources, source.key: locked}}))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two fetches at once would write into the same files. Raises DarkroomError if there is another one."""
    with (folder.parent / f".{folder.name}.fetching").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DarkroomError(f"Another process is fetching into {folder} right now.") from error
        yield
