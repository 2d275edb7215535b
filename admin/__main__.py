"""`python -m admin` is `darkroom-admin`."""

from __future__ import annotations

from admin.commands import main

main()
