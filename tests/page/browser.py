"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Device:
    """What somebody holds or sits before."""

    name: str
    width: int
    height: int
    is_phone: bool = False


DESKTOP = Device("desktop", 1280, 800)
PHONE = Device("phone", 390, 844, is_phone=True)
DEVICES = (DESKTOP, PHONE)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Chromium without a window, if possible the one that never has any: it draws the same pages, and no menus and buttons
    around them that nobody sees, which cost more than the pages. Skips the test where there is none, but not in CI.
    """
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed (Debian: chromium-headless-shell)")
    assert program is not None, "CI installs chromium (.ci/run)"
    # It refuses its sandbox to root, and a container's /dev/shm is small.
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def open_context(browser: Browser, url: str, *, device: Device = DESKTOP, scheme: Scheme = "light") -> BrowserContext:
    """A browser of somebody who has never been here. Addresses of its pages are relative to `url`."""
    return browser.new_context(
        base_url=url,
        viewport={"width": device.width, "height": device.height},
        device_scale_factor=2 if device.is_phone else 1,
        is_mobile=device.is_phone,
        has_touch=device.is_phone,
        color_scheme=scheme,
        locale="en-GB",
        timezone_id="UTC",
        accept_downloads=True,
    )
