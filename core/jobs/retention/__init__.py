"""How long jobs and images are kept, and how they are deleted."""
