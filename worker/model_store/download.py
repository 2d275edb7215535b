"""Download one file, and resume where an earlier try stopped.

huggingface_hub's own downloads start a file over after the program was stopped, and some files have ten gigabytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx2
from huggingface_hub import get_session
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

_TIMEOUT_SECONDS = 30.0

#: Seconds before each further try. A try that received something starts the count again.
_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)


def download_file(url: str, target: Path, *, byte_size: int, on_bytes: Callable[[int], None]) -> None:
    """Download the file to `target`, which appears only once it is complete.

    `on_bytes` is called with the number of bytes received, first with those of an earlier try; with a negative number if
    the download starts over. Raises httpx2's error if the hub stops answering several times in a row.
    """
    partial = target.with_name(f"{target.name}.partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    if partial.exists() and partial.stat().st_size > byte_size:
        partial.unlink()
    done = partial.stat().st_size if partial.exists() else 0
    on_bytes(done)

    failures = 0
    while done < byte_size or not partial.exists():
        before = done
        try:
            _continue_download(url, partial, start=done, on_bytes=on_bytes)
            missing = partial.stat().st_size < byte_size
            error: httpx2.TransportError | None = httpx2.ReadError("the file came short") if missing else None
        except httpx2.TransportError as broken:
            error = broken
        done = partial.stat().st_size if partial.exists() else 0
        if error is not None:
            failures = 0 if done > before else failures + 1
            if failures == len(_WAITS):
                raise error
            time.sleep(_WAITS[failures])
    partial.replace(target)


def _continue_download(url: str, partial: Path, *, start: int, on_bytes: Callable[[int], None]) -> None:
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    # The client drops the token when the hub redirects it to another host.
    with get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=True) as response:
        hf_raise_for_status(response)
        is_rest = response.status_code == httpx2.codes.PARTIAL_CONTENT
        if start and not is_rest:  # the hub sends the file from its start
            on_bytes(-start)
        with partial.open("ab" if is_rest else "wb") as file:
            for chunk in response.iter_raw():
                file.write(chunk)
                on_bytes(len(chunk))
