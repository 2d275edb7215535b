"""Recipes for requests: `darkroom.styles`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darkroom.answers import read_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import Request, at, build_body, get
from darkroom.views.styles import Style


class AsyncStyles:
    """The styles of the deployment and of the account, which a request names as its `style`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, style: str | Style) -> Style:
        """The style of this name. Calls `GET /v1/styles/{style_name}`."""
        return await self._transport.ask(get(at("/v1/styles/{}", style)), Style)

    async def create(
        self,
        name: str,
        *,
        title: str,
        prompt: str,
        example: str,
        description: str | None = None,
        negative_prompt: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        works_with: Mapping[str, Any] | None = None,
    ) -> Style:
        """Add a style of the account. `{prompt}` in its prompt is where that of a request goes. Calls `POST /v1/styles`."""
        body = build_body(
            {
                "name": name,
                "title": title,
                "prompt": prompt,
                "example": example,
                "description": description,
                "negative_prompt": negative_prompt,
                "parameters": parameters,
                "for": works_with,
            }
        )
        return await self._transport.ask(Request("POST", "/v1/styles", json=body, is_repeatable=False), Style)

    async def change(
        self,
        style: str | Style,
        *,
        title: str | None = None,
        prompt: str | None = None,
        example: str | None = None,
        description: str | None = None,
        negative_prompt: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        works_with: Mapping[str, Any] | None = None,
    ) -> Style:
        """Change what is named of a style of the account. Calls `PATCH /v1/styles/{style_name}`."""
        body = build_body(
            {
                "title": title,
                "prompt": prompt,
                "example": example,
                "description": description,
                "negative_prompt": negative_prompt,
                "parameters": parameters,
                "for": works_with,
            }
        )
        return await self._transport.ask(Request("PATCH", at("/v1/styles/{}", style), json=body), Style)

    async def delete(self, style: str | Style) -> None:
        """Delete a style of the account. Calls `DELETE /v1/styles/{style_name}`."""
        await self._transport.send(Request("DELETE", at("/v1/styles/{}", style)))

    async def list(self, *, model: str | None = None) -> list[Style]:
        """All styles, or those that work with a model. Calls `GET /v1/styles`."""
        answer = await self._transport.ask_json(get("/v1/styles", model=model))
        return read_views(Style, answer["data"])
