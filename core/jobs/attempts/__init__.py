"""Who holds a job: claims, attempts, leases and checkpoints."""
