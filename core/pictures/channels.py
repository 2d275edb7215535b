"""The channels of a picture: what a decoder gives as eight bits each, and no alpha where nothing is transparent."""

from __future__ import annotations

from PIL import Image

from core.pictures.limits import NotAnImage

#: By the mode that a decoder gives, the one with the same colours that everything after it works with.
_MODES = {
    "1": "L",
    "L": "L",
    "LA": "LA",
    "La": "LA",
    "P": "RGB",
    "PA": "RGBA",
    "RGB": "RGB",
    "RGBX": "RGB",
    "RGBA": "RGBA",
    "RGBa": "RGBA",
    "CMYK": "CMYK",
    "YCbCr": "RGB",
}


def to_eight_bits(image: Image.Image) -> Image.Image:
    """The picture as L, LA, RGB, RGBA or CMYK. Raises NotAnImage for samples that are no colours."""
    if image.mode.startswith("I;16"):
        # Pillow's own conversion cuts off at 255. The second byte of each sample is the high one.
        raw_mode = "L;16B" if image.mode == "I;16B" else "L;16"
        return Image.frombytes("L", image.size, image.tobytes(), "raw", raw_mode)
    mode = _MODES.get(image.mode)
    if mode is None:
        raise NotAnImage("has samples that are not taken; send 8 or 16 bits of grey, RGB or CMYK")
    if "transparency" in image.info and mode in {"L", "RGB"}:
        mode = "RGBA"
    return image if image.mode == mode else image.convert(mode)


def drop_unused_alpha(image: Image.Image) -> Image.Image:
    """The picture as L, RGB or RGBA; RGBA only if something is transparent."""
    if image.mode not in {"LA", "RGBA"}:
        return image
    lowest, _ = image.getchannel("A").getextrema()
    if lowest == 255:  # noqa: PLR2004
        return image.convert("L" if image.mode == "LA" else "RGB")
    return image.convert("RGBA") if image.mode == "LA" else image
