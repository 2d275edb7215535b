"""The secrets of one data folder, made at random on its first start and kept in it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

_make_secret = partial(secrets.token_hex, 24)
_make_key_id = partial(secrets.token_hex, 10)


@dataclass
class Credentials:
    """The passwords and keys between the parts of one stack, and the first account's API key once it is created."""

    database_password: str = field(default_factory=_make_secret)
    redis_password: str = field(default_factory=_make_secret)
    s3_access_key_id: str = field(default_factory=_make_key_id)
    s3_secret_access_key: str = field(default_factory=_make_secret)
    api_key_pepper: str = field(default_factory=_make_secret)
    api_key: str | None = None


def load_credentials(path: Path) -> Credentials:
    """The credentials in this file, made and saved if it does not exist yet."""
    if path.exists():
        return Credentials(**json.loads(path.read_text()))
    credentials = Credentials()
    save_credentials(credentials, path)
    return credentials


def save_credentials(credentials: Credentials, path: Path) -> None:
    """Write the file in one step, readable by its owner only."""
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    with draft.open("w") as file:
        json.dump(asdict(credentials), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
