"""Many jobs with one handle: the product of prompts, styles, seeds and parameters, its end, and its contact sheet."""
