"""`/v1/sweeps`: many jobs with one handle."""
