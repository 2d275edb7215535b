"""What a body that is refused costs the API, and whether its memory is returned; `python -m bench.bodies`."""
