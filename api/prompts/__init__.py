"""`/v1/prompts`: what a prompt says, before it is sent as a job."""
