"""Picturebook: the small text-to-image model that ships with Darkroom, with its data, training and evaluation."""
