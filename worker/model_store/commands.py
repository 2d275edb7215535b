"""`darkroom-models`: list the models, pin and fetch those of the hub, verify what was fetched, and show what diffusers has."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from pydantic import SecretStr

from core.catalog import Catalog, HubSource, load_catalog
from core.catalog.family_table import format_families, format_families_page
from core.command_line import run_command_line
from core.errors import DarkroomError
from core.settings import read_settings

_UNITS = ("B", "kB", "MB", "GB")
_THOUSAND = 1000


def main() -> None:
    """Run the command that the command line names."""
    # This variable keeps workers offline; this program exists to talk to the hub.
    os.environ["HF_HUB_OFFLINE"] = "0"
    arguments = _parser().parse_args()
    try:
        run_command_line("darkroom-models", lambda: arguments.run(arguments))
    except ModuleNotFoundError as error:
        sys.exit(f"darkroom-models: {error.name} is not installed here: it comes with darkroom-server[render]")
    except OSError as error:
        sys.exit(f"darkroom-models: {error}")
    except KeyboardInterrupt:
        sys.exit("darkroom-models: stopped; what was downloaded is kept, so run it again to resume")


def _load_catalog() -> Catalog:
    # The pepper is the only setting without a default, and models do not need it.
    settings = read_settings(api_key_pepper=SecretStr("not used by this program"))
    return load_catalog(settings.models_file, fetched_folder=settings.models_folder, lock_path=settings.models_lock)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="darkroom-models", description=__doc__)
    commands = parser.add_subparsers(required=True)

    listing = commands.add_parser("list", help="show every model and LoRA of the models file")
    listing.set_defaults(run=_list)

    fetch = commands.add_parser(
        "fetch", help="fetch a model or a LoRA from the hub, or resume its download, and check every file"
    )
    fetch.add_argument("model_id", metavar="ID")
    fetch.add_argument(
        "--accept-licence", action="store_true", help="needed if the licence is not open to commercial use"
    )
    fetch.set_defaults(run=_fetch)

    pin = commands.add_parser("pin", help="write the commit and the files of a model into models.lock, without them")
    pin.add_argument("model_id", metavar="ID")
    pin.add_argument("--update", action="store_true", help="take the newest commit of its revision")
    pin.set_defaults(run=_pin)

    verify = commands.add_parser("verify", help="check every fetched file of a model against models.lock")
    verify.add_argument("model_id", metavar="ID")
    verify.set_defaults(run=_verify)

    families = commands.add_parser(
        "families", help="show every pipeline class of diffusers: its tasks and what it can do, or why it is refused"
    )
    families.add_argument("--markdown", action="store_true", help="as the page docs/families.md")
    families.set_defaults(run=_show_families)
    return parser


def _list(_arguments: argparse.Namespace) -> None:
    catalog = _load_catalog()
    width = max(map(len, [*catalog.models, *catalog.loras]))
    for model_id, entry in catalog.models.items():
        if not isinstance(entry.source, HubSource):
            state = "local"
        elif catalog.is_available(model_id):
            state = "fetched"
        else:
            state = "pinned" if entry.source.key in catalog.lock.sources else "not fetched"
        use = "commercial use allowed" if entry.commercial_use else "no general commercial use"
        print(f"{model_id:<{width}}  {state:<11}  {entry.licence} ({use})")
    for lora_id, lora in catalog.loras.items():
        state = "local" if not lora.sources else "fetched" if catalog.is_lora_available(lora_id) else "not fetched"
        use = "commercial use allowed" if lora.commercial_use else "no general commercial use"
        print(f"{lora_id:<{width}}  {state:<11}  {lora.licence} ({use}), a LoRA for {', '.join(lora.models)}")


def _fetch(arguments: argparse.Namespace) -> None:
    from worker.model_store.fetch import fetch_model

    catalog = _load_catalog()
    entry = catalog.get_fetchable(arguments.model_id)
    with _progress_bar() as on_progress:
        fetched = fetch_model(
            catalog, arguments.model_id, accept_licence=arguments.accept_licence, on_progress=on_progress
        )
    if not fetched:
        print(f"{arguments.model_id} is local: there is nothing to fetch.")
        return
    for each in fetched:
        print(f"{each.source.hub} at {each.locked.revision}")
        print(f"  {len(each.locked.files)} files, {_format_bytes(each.locked.byte_size)}, every sha256 checked")
        print(f"  in {each.folder}")
    print(f"licence: {entry.licence}" + (f", {entry.licence_url}" if entry.licence_url else ""))
    if entry.licence_note:
        print(f"  {entry.licence_note}")


def _pin(arguments: argparse.Namespace) -> None:
    from worker.model_store.fetch import pin

    catalog = _load_catalog()
    for source in _hub_sources(catalog, arguments.model_id):
        locked = pin(catalog, source, update=arguments.update)
        print(f"{source.hub} at {locked.revision}: {len(locked.files)} files, {_format_bytes(locked.byte_size)}")


def _verify(arguments: argparse.Namespace) -> None:
    from worker.model_store.verify import list_faults

    catalog = _load_catalog()
    faults = []
    for source in _hub_sources(catalog, arguments.model_id):
        locked = catalog.lock.sources.get(source.key)
        if locked is None or locked.fetched_at is None:
            faults.append(f"{source.hub} has not been fetched")
            continue
        found = list_faults(catalog.fetched_path(source, locked.revision), locked)
        faults += [f"{source.hub}: {name} {fault}" for name, fault in found.items()]
        if not found:
            print(f"{source.hub} at {locked.revision}: {len(locked.files)} files are as they should be")
    if faults:
        raise DarkroomError(
            "\n".join([*faults, f"`darkroom-models fetch {arguments.model_id}` brings what is missing."])
        )


def _show_families(arguments: argparse.Namespace) -> None:
    print(format_families_page() if arguments.markdown else format_families(), end="" if arguments.markdown else "\n")


def _hub_sources(catalog: Catalog, model_id: str) -> list[HubSource]:
    sources = [each for each in catalog.get_fetchable(model_id).sources.values() if isinstance(each, HubSource)]
    if not sources:
        raise DarkroomError(f"{model_id} is local: nothing of it comes from the hub.")
    return sources


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    from tqdm import tqdm

    bars: dict[str, tqdm[NoReturn]] = {}

    def show(name: str, count: int, total: int) -> None:
        if name not in bars:
            close()
            bars[name] = tqdm(total=total, desc=name, unit="B", unit_scale=True, disable=None)
        bars[name].update(count)

    def close() -> None:
        for bar in bars.values():
            bar.close()

    try:
        yield show
    finally:
        close()


def _format_bytes(count: float) -> str:
    for unit in _UNITS:
        if count < _THOUSAND or unit == _UNITS[-1]:
            break
        count /= _THOUSAND
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
