"""fal's queue at `/fal`."""
