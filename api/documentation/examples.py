"""Examples of the API document: what to send, and what an answer looks like. Tests send and check every one of them."""

from __future__ import annotations

from typing import Any

_PROMPT = "a large red mug on a yellow background"
_OUTPUT = "art_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"
_BOARD = "board_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"

_JOBS: dict[str, Any] = {
    "prompt": {"summary": "A prompt alone", "value": {"prompt": _PROMPT}},
    "choices": {
        "summary": "Size, steps, seed and format",
        "value": {
            "prompt": _PROMPT,
            "aspect_ratio": "3:2",
            "num_inference_steps": 8,
            "guidance_scale": 4.0,
            "seed": 7,
            "num_images": 2,
            "output_format": "webp",
            "output_quality": 80,
        },
    },
    "style": {"summary": "In a style", "value": {"prompt": "a large red mug", "style": "packshot-on-white"}},
    "dry_run": {"summary": "What it would be, without queueing it", "value": {"prompt": _PROMPT, "dry_run": True}},
    "private": {
        "summary": "Kept no longer than needed, with a deadline and labels",
        "value": {"prompt": _PROMPT, "store": False, "deadline_seconds": 600, "metadata": {"order": "4711"}},
    },
}

#: The bodies of operations, by their ids.
REQUESTS: dict[str, Any] = {
    "post_job": _JOBS,
    "put_job": _JOBS,
    "vary_job": {
        "seed": {"summary": "The same with another seed", "value": {}},
        "choices": {
            "summary": "Four of them, following the prompt more closely",
            "value": {"num_images": 4, "guidance_scale": 6.0, "seed": 7},
        },
        "size": {"summary": "In another size", "value": {"size": "192x128"}},
    },
    "put_recall": {
        "prompt": {"summary": "A prompt to look at", "value": {"prompt": _PROMPT, "num_inference_steps": 8}}
    },
    "cancel_jobs": {
        "user": {"summary": "All jobs of one of your users", "value": {"metadata": {"user": "17"}}},
        "everything": {"summary": "Whatever has not ended yet", "value": {"all": True}},
    },
    "delete_jobs": {
        "but_favourites": {"summary": "All but favourites", "value": {"favourite": False}},
        "older": {
            "summary": "What one model drew before a moment",
            "value": {"model": ["picturebook"], "created_before": "2026-11-01T00:00:00Z"},
        },
    },
    "check_prompt": {
        "prompt": {
            "summary": "A prompt in the spelling of a gallery",
            "value": {"prompt": "(red mug:1.3), no people, 8k", "negative_prompt": "blurry", "model": "picturebook"},
        }
    },
    "post_style": {
        "chalk": {
            "summary": "A frame, what is not to be seen, and a size",
            "value": {
                "name": "red-chalk",
                "title": "Red chalk",
                "description": "A drawing of the kind that old masters made.",
                "prompt": "a red chalk drawing of {prompt} on rough paper",
                "negative_prompt": "photo, colour",
                "parameters": {"aspect_ratio": "4:5"},
                "for": {"tasks": ["text-to-image"]},
                "example": "a heron",
            },
        }
    },
    "patch_style": {
        "frame": {"summary": "Another frame", "value": {"prompt": "a red chalk sketch of {prompt}"}},
    },
    "pause_queue": {
        "finish": {"summary": "Nothing more starts; what runs ends", "value": {}},
        "put_back": {"summary": "What runs waits as well, and resumes at its step", "value": {"running": "put_back"}},
    },
    "move_job": {
        "front": {"summary": "Before your other jobs", "value": {"to": "front"}},
        "end": {"summary": "Behind them", "value": {"to": "end"}},
    },
    "post_sweep": {
        "mugs": {
            "summary": "Two prompts, two strengths of guidance, two seeds: eight jobs and one contact sheet",
            "value": {
                "name": "Mugs, eight ways",
                "prompts": [_PROMPT, "a small blue mug on a white background"],
                "seeds": [7, 8],
                "parameters": {"guidance_scale": [2.0, 4.0]},
                "base": {"num_inference_steps": 8},
            },
        },
        "styles": {
            "summary": "One prompt in two styles",
            "value": {"prompts": ["a large red mug"], "styles": ["packshot-on-white", "icon"], "seeds": [7]},
        },
        "draft": {
            "summary": "A draft, with as many random seeds",
            "value": {"prompts": [_PROMPT], "seeds": 4, "draft": True},
        },
    },
    "append_to_sweep": {
        "prompt": {"summary": "Another prompt", "value": {"prompts": ["a green mug on a red background"]}}
    },
    "patch_output": {
        "favourite": {"summary": "A favourite", "value": {"favourite": True}},
        "boards": {"summary": "On this board alone", "value": {"boards": [_BOARD]}},
    },
    "change_outputs": {
        "board": {
            "summary": "Favourites, all of them on a board",
            "value": {"outputs": [_OUTPUT], "favourite": True, "add_to_board": _BOARD},
        },
        "off": {"summary": "Off a board", "value": {"outputs": [_OUTPUT], "remove_from_board": _BOARD}},
    },
    "post_board": {"board": {"summary": "A board", "value": {"name": "Autumn cards"}}},
    "patch_board": {"name": {"summary": "Another name", "value": {"name": "Winter cards"}}},
    "post_webhook_endpoint": {
        "endpoint": {
            "summary": "An address that is called for every job",
            "value": {"url": "https://example.com/hooks/darkroom", "description": "production"},
        }
    },
}

_REQUEST = {
    "prompt": _PROMPT,
    "width": 256,
    "height": 256,
    "num_inference_steps": 12,
    "guidance_scale": 4.0,
    "scheduler": "dpmpp_2m",
    "seed": 7,
    "num_images": 1,
    "output_format": "png",
}

#: What fields of these names hold in an answer, and those of one schema; others are made up from their types.
_BY_NAME: dict[str, Any] = {
    "request": _REQUEST,
    "model": "picturebook",
    "task": "text-to-image",
    "priority": "normal",
    "warnings": [],
    "metadata": {"order": "4711"},
    "steps": 12,
    "step": 12,
    "width": 256,
    "height": 256,
    "byte_size": 24_711,
    "media_type": "image/png",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "seed": 7,
    "content_filtered": False,
    "cost": 0.196608,
    "deleted_at": None,
    "disabled_at": None,
    "next_cursor": None,
    "licence": "Apache-2.0",
    "tasks": ["text-to-image", "image-to-image"],
    "description": "production",
}
_REPORT: dict[str, Any] = {"tokens_missing": None, "notations": [], "contradictions": []}
_SPAN: dict[str, Any] = {"field": "prompt", "text": "mug", "start": 12, "end": 15}
_OF_SCHEMA: dict[str, dict[str, Any]] = {
    "JobView": {
        "status": "succeeded",
        "style": None,
        "inputs": [],
        "failure": None,
        "derived_from": None,
        "replay": None,
        "cancel_requested_at": None,
        "start_deadline_at": None,
        "deadline_at": None,
    },
    "PromptReport": _REPORT,
    "CheckedPrompt": _REPORT,
    "SpanView": _SPAN,
    "ElementView": {**_SPAN, "kind": "object", "name": "mug", "negated": False},
    "TokensView": {
        "tokens": 10,
        "read": 10,
        "limit": None,
        "chunks": 1,
        "chunk_tokens": 75,
        "cut_off": None,
        "broken_words": [],
    },
    "AdviceView": {"code": "no_style", "message": "No style is named, so the model chooses one.", "spans": []},
    "StyleView": {
        "description": "The thing alone and whole, square, on pure white: what shops and marketplaces ask for.",
        "negative_prompt": "props, hands, text, watermark",
        "created_at": None,
        "updated_at": None,
    },
    "WorksWith": {"models": [], "not_models": [], "families": [], "tasks": [], "picture": False},
    "SweepView": {"name": "Mugs, eight ways", "status": "finished", "cancel_requested_at": None},
    "QueueView": {"position": None, "eta_seconds": None, "reason": None, "message": None},
    "WebhookEndpointView": {"url": "https://example.com/hooks/darkroom"},
    "CreatedWebhookEndpoint": {
        "url": "https://example.com/hooks/darkroom",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    },
    "ModelView": {
        "id": "picturebook",
        "ready": True,
        "resident": True,
        "reason": None,
        "description": "Small pictures from a few words.",
    },
    "ModelDetail": {
        "id": "picturebook",
        "ready": True,
        "resident": True,
        "reason": None,
        "description": "Small pictures from a few words.",
    },
}

_MADE_UP = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None}
_FORMATS = {"date-time": "2026-11-30T12:00:00Z"}


def build_example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """A value that fits the schema, with the examples that it holds."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        value = build_example(document["components"]["schemas"][name], document)
        return value | _own_values(name, value) if isinstance(value, dict) else value
    if schema.get("examples"):
        return schema["examples"][0]
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return build_example(schema[word][0], document)
    if schema.get("type") == "object" or "properties" in schema:
        return {
            name: _BY_NAME[name] if name in _BY_NAME else build_example(each, document)
            for name, each in schema.get("properties", {}).items()
        }
    if schema.get("type") == "array":
        return [build_example(schema["items"], document)] if "items" in schema else []
    return _FORMATS.get(schema.get("format", "")) or _fit(schema)


def _own_values(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """What fields of this schema hold, as far as there are such fields."""
    return {field: each for field, each in _OF_SCHEMA.get(name, {}).items() if field in value}


def _fit(schema: dict[str, Any]) -> Any:
    made_up = _MADE_UP.get(schema.get("type", ""))
    return max(made_up, schema["minimum"]) if made_up is not None and "minimum" in schema else made_up
