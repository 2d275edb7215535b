"""Rendering: the only room that may import torch and diffusers."""
