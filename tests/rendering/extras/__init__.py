"""What a model's section names beside its own weights, each drawn with and compared with diffusers alone."""
