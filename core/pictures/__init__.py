"""Pictures that strangers send: read out of a request, decoded within limits, and encoded again as images of our own."""
