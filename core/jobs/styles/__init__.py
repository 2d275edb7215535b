"""Styles: recipes that a request names, each a frame around its prompt with a negative prompt and parameters."""
