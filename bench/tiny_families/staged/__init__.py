"""Pipelines that draw in stages: the first makes an embedding of the picture, the next one the picture from that."""
