"""From the colours that a file means to sRGB."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageChops, ImageCms

from core.pictures.icc_profile import build_profile, srgb_curve
from core.pictures.limits import MAX_PROFILE_BYTES

#: Colours inside of both gamuts stay exactly what they are, and the darkest ink becomes black: as browsers show pictures.
#: A perceptual rendering would shift all colours by a table of the profile's maker, even where nothing has to be shifted.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION

#: By the picture's mode without alpha, the spaces of profiles that fit. Programs leave the profile of a colour picture in
#: the grey one that they made of it, and it is right there too.
_SPACES = {"L": ("GRAY", "RGB"), "RGB": ("RGB",), "CMYK": ("CMYK",)}

#: A profile that changes no sample by more than this of 255 is one of the many sRGB profiles.
_SAME = 1

_BROKEN = "has a broken colour profile, which is ignored"


def convert_to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """The picture in sRGB (L, LA, RGB or RGBA, from these and CMYK), and warnings.

    A profile that is broken, or is one for another kind of picture, is ignored with a warning. CMYK without a profile that can
    be used is converted by the plain formula.
    """
    warnings: tuple[str, ...] = ()
    if profile is not None:
        try:
            image, warnings = _apply(image, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            warnings = (_BROKEN,)
    return (image.convert("RGB") if image.mode == "CMYK" else image), warnings


def _apply(image: Image.Image, profile: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    if len(profile) > MAX_PROFILE_BYTES:
        return image, (f"has a colour profile of more than {MAX_PROFILE_BYTES // 1024**2} MiB, which is ignored",)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = opened.profile.xcolor_space.strip()
    opaque = image.mode.removesuffix("A")
    if space not in _SPACES[opaque]:
        return image, (f"has a colour profile for {space} pictures, which is ignored",)
    if space == "CMYK":
        transform = ImageCms.buildTransform(opened, _srgb(), "CMYK", "RGB", _INTENT, _FLAGS)
        return transform.apply(image), ()
    if space == "GRAY":
        # A table of 256 entries is cheap to compute exactly; the engine's shortcut is off by ten in the dark.
        exactly = _FLAGS | ImageCms.Flags.NOOPTIMIZE
        transform = ImageCms.buildTransform(opened, _grey_srgb(), "L", "L", _INTENT, exactly)
        return (image if _changes_nothing(transform, _greys()) else _apply_to_grey(transform, image)), ()
    mode = "RGBA" if image.mode.endswith("A") else "RGB"
    transform = ImageCms.buildTransform(opened, _srgb(), mode, mode, _INTENT, _FLAGS)
    samples = _greys() if opaque == "L" else _colours()
    if _changes_nothing(transform, samples.convert(mode)):
        return image, ()
    image = image.convert(mode) if image.mode != mode else image
    transform.apply_in_place(image)
    return image, ()


def _apply_to_grey(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    table = list(transform.apply(_greys()).tobytes())
    return image.point(table if image.mode == "L" else [*table, *range(256)])


def _changes_nothing(transform: ImageCms.ImageCmsTransform, samples: Image.Image) -> bool:
    difference = ImageChops.difference(samples, transform.apply(samples))
    extrema = difference.getextrema()
    ranges = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(highest <= _SAME for _, highest in ranges)


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@cache
def _grey_srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(build_profile(None, srgb_curve)))


@cache
def _greys() -> Image.Image:
    """All 256 greys."""
    return Image.frombytes("L", (256, 1), bytes(range(256)))


@cache
def _colours() -> Image.Image:
    """Nine values of each channel with nine of each other, and all greys."""
    steps = [round(step * 255 / 8) for step in range(9)]
    cube = bytes(value for red in steps for green in steps for blue in steps for value in (red, green, blue))
    greys = bytes(value for grey in range(256) for value in (grey, grey, grey))
    return Image.frombytes("RGB", (len(cube + greys) // 3, 1), cube + greys)
