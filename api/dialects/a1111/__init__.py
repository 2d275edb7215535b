"""The API of AUTOMATIC1111's web UI at `/a1111/sdapi/v1`."""
