"""Which service, and with which key: from the call, the environment, or what `darkroom login` has kept."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from darkroom.errors import NotConfigured

URL_VARIABLE = "DARKROOM_URL"
KEY_VARIABLE = "DARKROOM_API_KEY"  # the name of a variable, not a key


@dataclass(frozen=True)
class Connection:
    """The address of a service and an API key of it."""

    url: str
    api_key: str = field(repr=False)
    #: Where they come from, for `darkroom doctor`.
    source: str = "the call"


def find_connection(url: str | None = None, api_key: str | None = None) -> Connection:
    """What was given, or else the environment's, or else what `darkroom login` has kept. Raises NotConfigured."""
    kept = read_login()
    environment = os.environ
    found_url = url or environment.get(URL_VARIABLE) or (kept.url if kept else None)
    # A kept key is for the kept address alone: another service must not get to see it.
    is_kept_address = kept is not None and found_url is not None and found_url.rstrip("/") == kept.url
    found_key = api_key or environment.get(KEY_VARIABLE) or (kept.api_key if kept and is_kept_address else None)
    if not found_url:
        raise NotConfigured(f"no address: set {URL_VARIABLE}, or run `darkroom login`")
    if not found_key:
        raise NotConfigured(f"no API key for {found_url}: set {KEY_VARIABLE}, or run `darkroom login`")
    sources = {
        "the call": url or api_key,
        "the environment": environment.get(URL_VARIABLE) or environment.get(KEY_VARIABLE),
        str(login_file()): True,
    }
    return Connection(
        _check_url(found_url), _check_key(found_key), next(name for name, is_so in sources.items() if is_so)
    )


def login_file() -> Path:
    """Where `darkroom login` keeps address and key."""
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "darkroom" / "login.json"


def read_login() -> Connection | None:
    """What `darkroom login` has kept; None: nothing. Raises NotConfigured if it cannot be read."""
    path = login_file()
    try:
        kept = json.loads(path.read_text())
        return Connection(kept["url"], kept["api_key"], str(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotConfigured(f"{path} cannot be read ({error}): run `darkroom login` again") from error


def write_login(connection: Connection) -> Path:
    """Keep address and key for later calls, readable by their owner alone."""
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": connection.url, "api_key": connection.api_key}, file)
    new.replace(path)
    return path


def forget_login() -> bool:
    """Delete what was kept; whether there was something."""
    try:
        login_file().unlink()
    except FileNotFoundError:
        return False
    return True


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotConfigured(f"{url!r} is no address such as https://darkroom.example.com")
    return url.rstrip("/")


def _check_key(key: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise NotConfigured("the API key holds characters that no key has: was it copied whole?")
    return key
