"""`python -m darkroom`: the command line."""

from __future__ import annotations

from darkroom.command_line.main import main

if __name__ == "__main__":
    main()
