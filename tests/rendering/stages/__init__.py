"""Pipelines that draw in stages."""
