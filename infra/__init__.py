"""What runs underneath and around: the embedded stack, containers."""
