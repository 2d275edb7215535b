"""What may be asked for: the request, its parameters and images, and the defaults that complete it."""
