"""The sources of the container images."""
