"""The words that captions have for each style: frames with the rest of the caption in them."""

from __future__ import annotations

#: The first is the one that evaluation uses. Among them are the frames of the built-in styles of Darkroom's API.
STYLE_FRAMES: dict[str, tuple[str, ...]] = {
    "flat": (
        "{}",
        "{}, flat",
        "{}, flat colours",
        "a flat icon of {}",
        "{}, a flat icon",
        "a flat illustration of {}",
        "flat style, {}",
        "a die-cut icon of {}, plain flat colours",
    ),
    "line art": (
        "line art of {}",
        "{}, line art",
        "{} in line art style",
        "a line drawing of {}",
        "an outline drawing of {}",
        "{}, outlines only",
        "clean line art of {}, even ink outlines, no shading",
        "clean black and white line art of {}, even ink outlines, no shading, white background",
    ),
    "blueprint": (
        "a blueprint of {}",
        "{}, blueprint",
        "{}, blueprint style",
        "blueprint of {}, white lines on blue paper",
        "an architect's blueprint of {}",
        "a technical drawing of {}, white lines on blue",
        "an architectural blueprint of {}, plan drawing, squared paper",
    ),
    "product photo": (
        "a product photo of {}",
        "{}, product photo",
        "a photo of {}",
        "a studio photo of {}, soft shadow",
        "{}, studio lighting, soft shadow",
        "a product photograph of {}",
        "a realistic photograph of {}",
        (
            "a professional product photograph of {}, studio softbox lighting, soft shadow, shallow depth of field, "
            "sharp focus on the product, high detail"
        ),
    ),
    "poster": (
        "a poster of {}",
        "{}, poster",
        "{}, poster style",
        "a screen print of {}, halftone dots",
        "{}, bold shapes, halftone",
        "a retro poster of {}",
        "a screen-printed poster of {}, bold flat shapes, limited colour palette, strong composition",
        (
            "a screen-printed poster of {}, bold flat shapes, limited colour palette, strong composition, generous "
            "empty space at the top"
        ),
    ),
    "watercolour": (
        "a watercolour of {}",
        "{}, watercolour",
        "a watercolor of {}",
        "{} in watercolour",
        "a watercolour painting of {}",
        "a watercolor painting of {}",
        "a loose watercolour painting of {}, transparent washes, wet-on-wet edges, visible paper grain",
        (
            "a loose watercolour painting of {}, transparent washes, wet-on-wet edges, visible paper grain, white of "
            "the paper left open"
        ),
    ),
    "pixel art": (
        "pixel art of {}",
        "{}, pixel art",
        "{} in pixel art style",
        "a pixel art sprite of {}",
        "an 8-bit game sprite of {}",
        "{}, made of pixels",
        "pixel art of {}, 16-bit game sprite, crisp square pixels, limited palette, clear silhouette",
    ),
    "neon": (
        "a neon sign of {}",
        "{}, neon",
        "{} in neon",
        "a neon sign of {} at night",
        "glowing neon tubes, {}",
        "{}, neon lights at night",
        "a glowing neon sign of {} on a dark brick wall at night",
    ),
    "sketch": (
        "a sketch of {}",
        "{}, sketch",
        "a pencil sketch of {}",
        "a hatched sketch of {}",
        "a hand-drawn sketch of {}",
        "{}, drawn in coloured pencil",
        "a loose pencil sketch of {}, hatching, wavering lines",
    ),
}

#: Captions that ask for nothing: guidance leads away from them. Half of them are empty, the others are negative prompts
#: as people write them, and those of the built-in styles.
NOTHING_ASKED: tuple[str, ...] = (
    *("",) * 13,
    "text, watermark",
    "blurry, text, letters, watermark, cropped",
    "photo, 3d render, frame, low quality, ugly",
    "blurry, cluttered background, text, watermark, cropped, people",
    "props, hands, text, watermark, coloured background, cropped",
    "text, letters, photo, frame, watermark",
    "colour, grey, shading, gradient, hatching, photo",
    "photo, 3d render, hard outlines, oversaturated, text",
    "text, letters, photo, shading, gradient, border",
    "blurry, anti-aliasing, smooth gradient, photo, text",
    "photo, shading, colour, perspective, text",
    "daylight, text, letters, blurry",
    "photo, smooth shading, text, watermark",
)
