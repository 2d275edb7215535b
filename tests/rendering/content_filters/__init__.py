"""Safety checkers of models: what becomes of the images that they withhold."""
