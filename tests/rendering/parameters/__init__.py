"""Every parameter that the tiny families publish: what comes of its values, and whether a warning is right."""
