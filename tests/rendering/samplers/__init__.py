"""Every scheduler, started from noise and from a picture: against exact solutions, and against finely drawn pictures."""
