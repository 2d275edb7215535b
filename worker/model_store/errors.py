"""What can go wrong while a model is fetched, with messages for the operator."""

from __future__ import annotations

from core.errors import DarkroomError


class HubRefused(DarkroomError):
    """The hub did not give what was asked for."""

    code = "hub_refused"


class WrongContent(DarkroomError):
    """A file is not what the lock says."""

    code = "wrong_content"


class LicenceNotAccepted(DarkroomError):
    """The model's licence has to be accepted first."""

    code = "licence_not_accepted"
