"""Measures how well a model draws what it is asked for: the checker, the scores, and the model card that shows them."""
