"""Where the tokenizers of models lie in the bucket.

`tokenizers/{sha256}.json.gz` is a tokenizer in the format of the `tokenizers` library: models that share one share the object.
`tokenizers/{format}/{model}/{revision}.json` says how a model reads with which of them. The objects hold nothing of customers.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import ValidationError

from core.artifacts.storage import Bucket
from core.errors import ObjectMissing
from core.prompts.readers.reader import ModelReaders

#: Of the index. A release that writes another one reads only its own.
_FORMAT = 1


def store_readers(
    bucket: Bucket, readers: ModelReaders, *, model_id: str, revision: str, tokenizers: Mapping[str, bytes]
) -> bool:
    """Store how the model reads, with its tokenizers by their sha256, unless just that lies there already. Returns whether it
    was stored. Raises StorageUnavailable.
    """
    key, body = _build_key(model_id, revision), readers.model_dump_json().encode()
    try:
        if bucket.get(key) == body:
            return False
    except ObjectMissing:
        pass
    # The index last: whoever finds it finds what it names.
    for sha256, json in tokenizers.items():
        _put(bucket, _build_tokenizer_key(sha256), gzip.compress(json, mtime=0), media_type="application/gzip")
    _put(bucket, key, body, media_type="application/json")
    return True


def find_readers(bucket: Bucket, *, model_id: str, revision: str) -> ModelReaders | None:
    """How the model reads; None if no worker has stored that yet. Raises StorageUnavailable."""
    try:
        return ModelReaders.model_validate_json(bucket.get(_build_key(model_id, revision)))
    except (ObjectMissing, ValidationError):
        return None


def get_tokenizer_json(bucket: Bucket, sha256: str) -> bytes:
    """A tokenizer's JSON. Raises ObjectMissing, also if the object is not what its name says, and StorageUnavailable."""
    key = _build_tokenizer_key(sha256)
    try:
        json = gzip.decompress(bucket.get(key))
    except (OSError, EOFError) as error:
        raise ObjectMissing(f"{key} cannot be read") from error
    if hashlib.sha256(json).hexdigest() != sha256:
        raise ObjectMissing(f"{key} is not what its name says")
    return json


def _put(bucket: Bucket, key: str, body: bytes, *, media_type: str) -> None:
    bucket.put(key, body, media_type=media_type, sha256=hashlib.sha256(body).hexdigest())


def _build_key(model_id: str, revision: str) -> str:
    return f"tokenizers/{_FORMAT}/{quote(model_id, safe='')}/{quote(revision, safe='') or '-'}.json"


def _build_tokenizer_key(sha256: str) -> str:
    return f"tokenizers/{sha256}.json.gz"
