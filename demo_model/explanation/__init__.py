"""Makes the page that explains the model with pictures of its own parts at work."""
