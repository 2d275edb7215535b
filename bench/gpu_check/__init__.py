"""`make gpu-check`: one command that tries the engine on a device, and writes a page about it."""
