"""Periodic work: the sweep, retention, and the clean-up of the bucket."""
