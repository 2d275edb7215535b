"""Settings that are allowed, and yet are probably not meant."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from admin.doctor.finding import Area, Finding
from core.environment import find_misspelt
from core.settings import Settings

#: Characters of a pepper, and different ones among them, of which `openssl rand -hex` has more.
_LONG_PEPPER = 32
_MANY_CHARACTERS = 8

_DAY = 86_400

_settings = Area("settings")


def check_settings(settings: Settings) -> Iterator[Finding]:
    """What can be seen from the settings alone."""
    yield from _check_names()
    yield _check_pepper(settings.api_key_pepper.get_secret_value())
    yield _check_public_url(settings.public_url)
    yield _check_webhooks(settings)
    yield _check_fetches(settings)
    yield _check_retention(settings)


def _check_names() -> Iterator[Finding]:
    misspelt = find_misspelt(Settings.model_fields, os.environ)
    for name, meant in misspelt.items():
        yield _settings.warning("names", f"{name} is no setting", f"Set {meant}, if that is meant, or remove {name}")
    if not misspelt:
        yield _settings.ok("names", "no variable looks like a misspelt setting")


def _check_pepper(pepper: str) -> Finding:
    if len(pepper) < _LONG_PEPPER or len(set(pepper)) < _MANY_CHARACTERS:
        seen = f"{len(pepper)} characters, {len(set(pepper))} different ones: it could be guessed"
        todo = "Take `openssl rand -hex 24` for API_KEY_PEPPER before you hand out keys: changing it revokes them"
        return _settings.warning("pepper", seen, todo)
    return _settings.ok("pepper", f"{len(pepper)} characters")


def _check_public_url(public_url: str) -> Finding:
    address = urlsplit(public_url)
    if is_on_this_machine(address.hostname or ""):
        return _settings.ok("public address", f"{public_url}, for this machine alone")
    if address.scheme == "http":
        return _settings.warning(
            "public address",
            f"{public_url}: keys and prompts travel unencrypted",
            "Put a proxy with TLS in front of the API, and its https:// address into PUBLIC_URL",
        )
    return _settings.ok("public address", public_url)


def is_on_this_machine(host: str) -> bool:
    """Whether a name or address means the machine that uses it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check_webhooks(settings: Settings) -> Finding:
    return _check_reach(
        "webhooks", "they may go to", "WEBHOOK", settings.webhook_allow_http, settings.webhook_allowed_networks
    )


def _check_fetches(settings: Settings) -> Finding:
    if not settings.picture_fetching:
        return _settings.ok("pictures by address", "they are not fetched")
    return _check_reach(
        "pictures by address",
        "they may be fetched from",
        "FETCH",
        settings.fetch_allow_http,
        settings.fetch_allowed_networks,
    )


def _check_reach(check: str, reach: str, prefix: str, allow_http: bool, allowed_networks: str) -> Finding:
    """Whether what customers name leads to where only they are. `reach`: how a sentence about it begins."""
    if allow_http:
        return _settings.warning(
            check,
            f"{reach} http:// addresses, where anybody on the way reads and changes them",
            f"Unset {prefix}_ALLOW_HTTP, unless this is for tests on one machine",
        )
    networks = [ipaddress.ip_network(part.strip()) for part in allowed_networks.split(",") if part.strip()]
    if wide := [str(each) for each in networks if each.is_loopback or each.is_link_local or each.num_addresses > 2**24]:
        return _settings.warning(
            check,
            f"{reach} {', '.join(wide)}: customers could reach this deployment's own servers",
            f"Name only networks of other servers in {prefix}_ALLOWED_NETWORKS",
        )
    also = f"and {', '.join(map(str, networks))}" if networks else "alone"
    return _settings.ok(check, f"{reach} public https:// addresses {also}")


def _check_retention(settings: Settings) -> Finding:
    images, jobs = settings.artifact_retention_seconds, settings.job_retention_seconds
    seen = f"images are kept {_show_days(images)}, jobs {_show_days(jobs)}"
    if jobs and (images > jobs or not images):
        todo = "Raise JOB_RETENTION_SECONDS: images go with their job at the latest"
        return _settings.warning("retention", seen, todo)
    return _settings.ok("retention", seen)


def _show_days(seconds: int) -> str:
    return f"{seconds / _DAY:.3g} days" if seconds else "for ever"
