"""The bodies of the attacks: each cost seconds of CPU, or hundreds of megabytes, in a release before this one."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable

from PIL import Image

#: Scans that follow the picture's own: at 15 ms of CPU each, 8 s of decoding.
_SCANS = 530

_MIB = 1024 * 1024


def build_picture(width: int, height: int, format_: str = "PNG") -> bytes:
    """A picture with enough detail that its file is not tiny: the same one each time."""
    generator = random.Random(15)
    small = Image.frombytes("RGB", (width // 8, height // 8), generator.randbytes(width // 8 * (height // 8) * 3))
    buffer = io.BytesIO()
    small.resize((width, height), Image.Resampling.BICUBIC).save(buffer, format_, quality=90)
    return buffer.getvalue()


def build_request_with(picture: bytes, media_type: str = "image/png") -> bytes:
    """A small job that starts from the picture."""
    uri = f"data:{media_type};base64,{base64.b64encode(picture).decode()}"
    return _dump({"prompt": "a mug", "image": uri, "width": 64, "height": 64, "num_inference_steps": 2})


def build_scan_bomb() -> bytes:
    """A grey progressive JPEG of 8192 x 4096 whose last scan, of some ten bytes, stands there hundreds of times."""
    buffer = io.BytesIO()
    Image.new("L", (8192, 4096), 128).save(buffer, "JPEG", progressive=True, quality=50)
    body = buffer.getvalue()
    last_scan = body.rindex(b"\xff\xda")
    return body[:-2] + body[last_scan:-2] * _SCANS + body[-2:]


def _scan_bombs() -> list[bytes]:
    """Every second one beside a small picture of the same account."""
    return [build_request_with(build_scan_bomb(), "image/jpeg"), build_request_with(build_picture(64, 64))]


def _long_lists() -> list[bytes]:
    return [b'{"prompt": "a mug", "loras": [' + b"0," * (_MIB // 2 - 50) + b"0]}"]


def _long_pictures() -> list[bytes]:
    """20 MiB of what claims to be a PNG."""
    return [build_request_with(b"\x89PNG\r\n\x1a\n" + bytes(20 * _MIB - 8))]


def _large_uploads() -> list[bytes]:
    """8.7 MB of a real picture: noise, so that it does not shrink."""
    noise = Image.frombytes("RGB", (1700, 1700), random.Random(16).randbytes(1700 * 1700 * 3))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG", compress_level=1)
    return [build_request_with(buffer.getvalue())]


def _dump(request: dict[str, object]) -> bytes:
    return json.dumps(request).encode()


#: By the attack's name: builds the bodies that its clients send in turns.
ATTACKS: dict[str, Callable[[], list[bytes]]] = {
    "scan bombs": _scan_bombs,
    "lists of zeros": _long_lists,
    "20 MiB data URIs": _long_pictures,
    "8.7 MB uploads": _large_uploads,
}
