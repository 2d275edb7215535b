"""Families that read prompts, and look at pictures, with a whole language model."""
