"""Relatives of Stable Diffusion with a pipeline of their own: other text encoders, other guidance, and pictures beside the prompt."""
