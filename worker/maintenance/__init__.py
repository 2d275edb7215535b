"""Keeping the promise when something broke: the sweep and the clean-up of the bucket."""
