"""What Darkroom runs on and in: the embedded stack, the containers."""
