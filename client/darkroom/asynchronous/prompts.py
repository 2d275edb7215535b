"""What a prompt says, before it is drawn: `darkroom.prompts`."""

from __future__ import annotations

from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import Request, build_body
from darkroom.views.prompts import CheckedPrompt


class AsyncPrompts:
    """Prompts, read as a model reads them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def check(
        self, prompt: str, *, negative_prompt: str | None = None, model: str | None = None
    ) -> CheckedPrompt:
        """What the prompt names, its tokens, what is cut off, contradictions and advice. Calls `POST /v1/prompts/check`."""
        body = build_body({"prompt": prompt, "negative_prompt": negative_prompt, "model": model})
        return await self._transport.ask(Request("POST", "/v1/prompts/check", json=body), CheckedPrompt)
