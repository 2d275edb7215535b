"""Replicate's API at `/replicate/v1`."""
