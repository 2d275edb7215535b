"""What a picture holds beside its pixels (where it was taken, by whom, with what) is in nothing that Darkroom keeps."""

from __future__ import annotations

import io
from collections.abc import Callable

import httpx2
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from tests.integration.conftest import Post
from tests.unit.pictures import data_uri, encode, picture
from worker.rendering.images.encode import encode_image

#: In every text of the pictures, in ASCII and as EXIF writes it for comments.
MARK = "Erika Mustermann"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    f'<rdf:Description creator="{MARK}" GPSLatitude="48,51.49N"/></rdf:RDF></x:xmpmeta>'
).encode()
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def build_exif() -> bytes:
    """With a place, an author, a camera and a thumbnail's tags."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = MARK
    exif[ExifTags.Base.Artist] = MARK
    exif[ExifTags.Base.ImageDescription] = MARK
    exif[ExifTags.Base.Orientation] = 6
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 29.6)
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = (2.0, 17.0, 40.2)
    place[ExifTags.GPS.GPSProcessingMethod] = MARK.encode()
    return exif.tobytes()


def build_png_texts() -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", MARK)
    texts.add_text("parameters", MARK * 100, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return texts


def build_gif() -> bytes:
    return encode(picture(), "GIF", comment=MARK.encode())


PICTURES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "JPEG": (
        "image/jpeg",
        lambda: encode(
            picture(), "JPEG", exif=build_exif(), icc_profile=PROFILE, xmp=XMP, comment=MARK.encode(), dpi=(72, 72)
        ),
    ),
    "PNG": (
        "image/png",
        lambda: encode(picture(), exif=build_exif(), icc_profile=PROFILE, pnginfo=build_png_texts(), dpi=(72, 72)),
    ),
    "WebP": ("image/webp", lambda: encode(picture(), "WEBP", exif=build_exif(), icc_profile=PROFILE, xmp=XMP)),
    "AVIF": ("image/avif", lambda: encode(picture(), "AVIF", exif=build_exif(), icc_profile=PROFILE, xmp=XMP)),
    "TIFF": ("image/tiff", lambda: encode(picture(), "TIFF", exif=build_exif(), icc_profile=PROFILE, description=MARK)),
    "GIF": ("image/gif", build_gif),
}


def list_chunks(png: bytes) -> set[bytes]:
    chunks, at = set(), 8
    while at < len(png):
        chunks.add(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return chunks


def holds_nothing_else(body: bytes) -> bool:
    """No author, place or profile, wherever Pillow or a search would find one."""
    with Image.open(io.BytesIO(body)) as opened:
        opened.load()
        is_bare = not opened.getexif() and not {"exif", "icc_profile", "xmp", "comment"} & opened.info.keys()
    return is_bare and MARK.encode() not in body


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("field", ["image", "mask_image"])
def test_an_input_is_kept_as_pixels_alone(post: Post, kind: str, field: str) -> None:
    """The stored input that its link gives is a PNG with no chunk but the pixels', upright as its EXIF said."""
    media_type, build = PICTURES[kind]
    body = build()
    assert not holds_nothing_else(body), "the test's own picture has nothing to lose"
    sent = data_uri(body, media_type)
    white = data_uri(encode(picture(48, 64, colour="white")))

    job = post({"prompt": "a mug", "image": white, field: sent}).get_json()

    [url] = [shown["url"] for shown in job["inputs"] if shown["field"] == field]
    stored = httpx2.get(url)
    assert list_chunks(stored.content) == {b"IHDR", b"IDAT", b"IEND"}
    assert holds_nothing_else(stored.content)
    assert MARK not in str(stored.headers)
    assert MARK not in str(job)


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("kind", PICTURES)
def test_a_result_holds_pixels_alone(kind: str, output_format: str) -> None:
    """Even a picture that comes out of a pipeline with an input's metadata is encoded without it."""
    with Image.open(io.BytesIO(PICTURES[kind][1]())) as opened:
        opened.load()
        encoded = encode_image(opened, output_format)

    assert holds_nothing_else(encoded.body)
