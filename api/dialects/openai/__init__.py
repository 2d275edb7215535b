"""OpenAI's Images API at `/openai/v1`."""
