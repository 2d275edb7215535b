"""How a scene is painted: one file for each style, and what they share."""
