"""Older kinds of models: those that draw without a prompt, in tokens, or by latent diffusion before Stable Diffusion."""
