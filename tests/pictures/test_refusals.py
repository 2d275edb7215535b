"""What is no picture that is taken, and what the message says about it."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.pictures.decode_picture import decode_picture
from core.pictures.limits import NotAnImage
from tests.pictures import png_files
from tests.pictures.cases import draw, encode
from tests.pictures.png_files import PALETTE, RGB, SIGNATURE, build_chunk, build_png

TAKEN = "PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF"


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds a few bytes of pixels."""
    header = build_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return SIGNATURE + header + build_chunk(b"IDAT", zlib.compress(b"\0")) + build_chunk(b"IEND", b"")


def ftyp(*brands: bytes) -> bytes:
    """The head of a file of the ISO family."""
    return struct.pack(">I4s4s4x", 16 + 4 * (len(brands) - 1), b"ftyp", brands[0]) + b"".join(brands[1:]) + bytes(100)


def with_bytes(body: bytes, at: int, replaced: bytes) -> bytes:
    return body[:at] + replaced + body[at + len(replaced) :]


PNG = build_png(png_files.draw(RGB, 8), colour_type=RGB, depth=8)
JPEG = encode(draw("RGB", 200, 200), "JPEG")
WEBP = encode(draw("RGB", 200, 200), "WEBP")
GIF = encode(draw("P"), "GIF")
BMP = encode(draw("RGB"), "BMP")
AVIF = encode(draw("RGB"), "AVIF")
TIFF = encode(draw("RGB"), "TIFF")
SOF = JPEG.index(b"\xff\xc0")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        ftyp(b"isom", b"mp42"),
        ftyp(b""),
        b"RIFF0000WAVE",
        b"\x00\x00\x00\x0cJXL \r\n\x87\n",
        encode(draw("RGB"), "PPM"),
        encode(draw("RGB"), "JPEG2000"),
        b"\x00" * 100,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_other_files_are_refused_with_the_list_of_what_is_taken(body: bytes) -> None:
    """The message names all formats."""
    with pytest.raises(NotAnImage, match=f"^is not a {TAKEN} image that can be read$"):
        decode_picture(body)


@pytest.mark.parametrize("brands", [(b"heic", b"mif1", b"heic"), (b"mif1", b"heic"), (b"hevc",), (b"heix", b"mif1")])
def test_heic_is_named(brands: tuple[bytes, ...]) -> None:
    """A phone's picture is refused by its name, with what to send instead."""
    with pytest.raises(NotAnImage, match=f"^is a HEIC image, which is not taken; send it as {TAKEN}$"):
        decode_picture(ftyp(*brands))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("PNG", PNG[:-30]),
        ("PNG", PNG[:40]),
        ("PNG", SIGNATURE),
        ("PNG", PNG.replace(b"IDAT", b"IDAX", 1)),
        ("PNG", with_bytes(PNG, PNG.index(b"IDAT") + 20, b"\xff\xff\xff")),
        ("PNG", with_bytes(PNG, 29, b"\0\0\0\0")),
        ("PNG", build_png(png_files.draw(RGB, 8), colour_type=RGB, depth=8, before=[build_chunk(b"CgBI", bytes(4))])),
        ("PNG", build_png(png_files.draw(PALETTE, 8), colour_type=PALETTE, depth=8)),
        ("PNG", SIGNATURE + build_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 3, 2, 0, 0, 0)) + PNG[33:]),
        ("PNG", SIGNATURE + build_chunk(b"IHDR", struct.pack(">IIBBBBB", 23, 17, 8, 2, 0, 0, 9)) + PNG[33:]),
        ("PNG", png_of_size(100, 100)),
        ("JPEG", JPEG[:-400]),
        ("JPEG", JPEG[:100]),
        ("JPEG", b"\xff\xd8\xff\xd9"),
        ("JPEG", b"\xff\xd8\xff" + bytes(1000)),
        ("JPEG", JPEG[:SOF] + JPEG[SOF : SOF + 19] + JPEG[SOF:]),
        ("WebP", WEBP[:-100]),
        ("WebP", WEBP[:24]),
        ("WebP", b"RIFF\x04\0\0\0WEBP"),
        ("WebP", with_bytes(WEBP, 23, b"\0\0\0")),
        ("GIF", GIF[:300]),
        ("GIF", GIF[:10]),
        ("GIF", b"GIF89a" + bytes(20)),
        ("BMP", BMP[:100]),
        ("BMP", BMP[:20]),
        ("AVIF", AVIF[:-100]),
        ("AVIF", ftyp(b"avif", b"mif1")),
        ("TIFF", TIFF[:200]),
        ("TIFF", b"II*\0\xff\xff\xff\xff"),
        ("TIFF", b"MM\0*\0\0\0\x08\0\0"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_a_damaged_file_is_refused(kind: str, body: bytes) -> None:
    """What the pixels need is missing or wrong; the message names the format."""
    with pytest.raises(NotAnImage, match=f"^is a broken {kind} image$"):
        decode_picture(body)


def gif_of_size(width: int, height: int, *, frame: tuple[int, int] = (1, 1)) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, *frame, 0)
        + b"\2\0;"
    )


def webp_of_size(width: int, height: int) -> dict[str, bytes]:
    """The same size in a lossy bitstream, a lossless one, and the canvas of an animation."""
    lossy = b"VP8 " + struct.pack("<I", 10) + bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height)
    lossless = b"VP8L" + struct.pack("<I", 5) + b"\x2f" + struct.pack("<I", width - 1 | height - 1 << 14) + b"\0"
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + sides + b"ANMF" + struct.pack("<I", 16) + bytes(16)
    bodies = {"lossy": lossy, "lossless": lossless, "canvas": canvas}
    return {name: b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body for name, body in bodies.items()}


def tiff_of_size(width: int, height: int, **tags: Any) -> bytes:
    from PIL import TiffImagePlugin

    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory.update({256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 100})
    directory.update({int(tag.removeprefix("tag_")): value for tag, value in tags.items()})
    buffer = io.BytesIO()
    directory.save(buffer)
    return buffer.getvalue()


TOO_MANY = "^has more than 33,554,432 pixels$"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (png_of_size(8192, 4097), TOO_MANY),
        (png_of_size(12_000, 8_000), TOO_MANY),
        (png_of_size(100_000, 100_000), TOO_MANY),
        (png_of_size(2**31 - 1, 2**31 - 1), TOO_MANY),
        (png_of_size(1, 100_000), "^has a side of more than 65,535 pixels$"),
        (png_of_size(0, 5), "^has no pixels$"),
        (with_bytes(JPEG, SOF + 5, struct.pack(">HH", 60_000, 60_000)), TOO_MANY),
        (with_bytes(JPEG, SOF + 5, struct.pack(">HH", 0, 200)), "^has no pixels$"),
        (gif_of_size(60_000, 60_000), TOO_MANY),
        (gif_of_size(10, 10, frame=(60_000, 60_000)), TOO_MANY),
        *((body, TOO_MANY) for body in webp_of_size(16_383, 16_383).values()),
        (with_bytes(BMP, 18, struct.pack("<ii", 60_000, 60_000)), TOO_MANY),
        (with_bytes(BMP, 18, struct.pack("<ii", 60_000, -60_000)), TOO_MANY),
        (tiff_of_size(60_000, 60_000), TOO_MANY),
        (tiff_of_size(10, 10, tag_322=60_000, tag_323=60_000), TOO_MANY),
        (
            AVIF.replace(
                b"ispe\0\0\0\0" + struct.pack(">II", 40, 30), b"ispe\0\0\0\0" + struct.pack(">II", 16_000, 16_000)
            ),
            TOO_MANY,
        ),
    ],
)
def test_a_size_is_refused_before_a_pixel_is_decoded(body: bytes, reason: str) -> None:
    """Every format says how large it is, and that is read first."""
    with pytest.raises(NotAnImage, match=reason):
        decode_picture(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (with_bytes(JPEG, SOF + 4, b"\x0c"), "^is a JPEG of 12 bits, which is not taken; send 8 bits$"),
        *(
            (with_bytes(JPEG, SOF + 1, bytes((marker,))), "^is a JPEG of a rare kind")
            for marker in (0xC3, 0xC5, 0xC9, 0xCA, 0xCF)
        ),
        (with_bytes(BMP, 30, b"\x01"), "^is a compressed BMP"),
        (with_bytes(BMP, 30, b"\x04"), "^is a compressed BMP"),
        (tiff_of_size(10, 10, tag_259=34_712), "^is a TIFF with a rare compression"),
        (tiff_of_size(10, 10, tag_259=6), "^is a TIFF with a rare compression"),
        (tiff_of_size(10, 10, tag_339=3), "^is a TIFF of signed or floating point samples"),
        (
            encode(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"),
            "^is a TIFF of signed or floating point samples",
        ),
        (encode(Image.fromarray(np.zeros((4, 4), np.int32)), "TIFF"), "samples"),
    ],
)
def test_a_rare_kind_is_refused_by_its_name(body: bytes, reason: str) -> None:
    """What cannot be decoded safely or in colours says so, and not only that it cannot be read."""
    with pytest.raises(NotAnImage, match=reason):
        decode_picture(body)


def scan_bomb(scans: int, *, width: int = 8192, height: int = 4096) -> bytes:
    """A grey progressive JPEG whose scans have a few bytes each, and go over all blocks."""
    small = encode(Image.new("L", (8, 8)), "JPEG", progressive=True)
    frame = small.index(b"\xff\xc2")
    head = with_bytes(small[: small.index(b"\xff\xc4")], frame + 5, struct.pack(">HH", height, width))
    # One code of one bit: 2^14 blocks of nothing, and 14 bits for how many more.
    table = b"\xff\xc4" + struct.pack(">HB16BB", 20, 0x10, 1, *[0] * 15, 0xE0)
    blocks = (width // 8) * (height // 8)
    bits = "".join("0" + "1" * 14 for _ in range(-(-blocks // 32_767)))
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    scan = b"\xff\xda" + struct.pack(">H6B", 8, 1, 1, 0, 1, 63, 0) + data
    return head + table + scan * scans + b"\xff\xd9"


@pytest.mark.parametrize("scans", [33, 400, 20_000])
def test_a_scan_bomb_is_refused_before_it_is_decoded(scans: int) -> None:
    """A few KB that cost 15 ms of CPU for each 41 bytes."""
    body = scan_bomb(scans)
    with pytest.raises(NotAnImage, match=r"^is a JPEG with more scans than its pixels need$"):
        decode_picture(body)


def test_a_small_picture_has_a_limit_of_scans_too() -> None:
    """A hundred of them, whatever the size."""
    assert decode_picture(scan_bomb(100, width=64, height=64)).width == 64
    with pytest.raises(NotAnImage, match="scans"):
        decode_picture(scan_bomb(101, width=64, height=64))


def test_sequential_scans_are_counted_too() -> None:
    """A JPEG without passes may repeat scans as well."""
    grey = encode(Image.new("L", (64, 64)), "JPEG")
    scan = grey.index(b"\xff\xda")
    with pytest.raises(NotAnImage, match="scans"):
        decode_picture(grey[:scan] + grey[scan:-2] * 101 + b"\xff\xd9")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (PNG[:33] + build_chunk(b"tEXt", b"") * 70_000 + PNG[33:], "chunks"),
        (PNG[:33] + build_chunk(b"IDAT", b"") * 70_000 + PNG[33:], "chunks"),
        (JPEG[:2] + b"\xff\xfe\0\2" * 70_000 + JPEG[2:], "segments"),
        (GIF[:205] + b"!\xfe" + b"\1x" * 1_100_000 + b"\0" + GIF[205:], "pieces"),
        (WEBP[:12] + b"xyzw\0\0\0\0" * 70_000 + WEBP[12:], "chunks"),
        (tiff_of_size(10, 70_000 // 7, tag_273=[8] * 70_000, tag_279=[1] * 70_000), "65,536 values in tag 273"),
    ],
    ids=["PNG", "PNG pixels", "JPEG", "GIF", "WebP", "TIFF"],
)
def test_a_file_of_crumbs_is_refused(body: bytes, reason: str) -> None:
    """Parts without end cost a step each."""
    with pytest.raises(NotAnImage, match=reason):
        decode_picture(body)


def test_pixels_beyond_the_picture_are_not_inflated() -> None:
    """400 MB of zeros behind the last row are never made."""
    rows = zlib.compress(bytes(1 + 8 * 3) + bytes(400_000_000))
    header = build_chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 1, 8, 2, 0, 0, 0))

    decoded = decode_picture(SIGNATURE + header + build_chunk(b"IDAT", rows) + build_chunk(b"IEND", b""))

    assert (decoded.width, decoded.height) == (8, 1)


ANIMATED = {
    "GIF": lambda frames: encode(draw("P"), "GIF", save_all=True, append_images=frames),
    "PNG": lambda frames: encode(draw("RGB"), "PNG", save_all=True, append_images=frames),
    "WEBP": lambda frames: encode(draw("RGB"), "WEBP", lossless=True, save_all=True, append_images=frames),
    "AVIF": lambda frames: encode(draw("RGB"), "AVIF", save_all=True, append_images=frames),
}


@pytest.mark.parametrize("format_", ANIMATED)
def test_an_animation_gives_its_first_picture(format_: str) -> None:
    """The other frames are not looked at, and the warning says so."""
    still = decode_picture(ANIMATED[format_]([]))
    moving = decode_picture(ANIMATED[format_]([Image.new("RGB", (40, 30), "blue"), Image.new("RGB", (40, 30), "red")]))

    assert still.warnings == ()
    assert moving.warnings == ("is animated; its first picture is used",)
    with Image.open(io.BytesIO(still.png)) as one, Image.open(io.BytesIO(moving.png)) as other:
        difference = np.abs(np.asarray(one.convert("RGB")).astype(int) - np.asarray(other.convert("RGB")))
    assert difference.max() <= 8


def test_the_first_page_of_a_tiff_is_used() -> None:
    """A warning says that there are more."""
    pages = encode(draw("RGB"), "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))])

    decoded = decode_picture(pages)

    assert (decoded.width, decoded.height) == (40, 30)
    assert decoded.warnings == ("has more than one page; its first one is used",)
