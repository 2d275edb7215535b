"""`/v1/jobs/{job_id}/…`: make a job from another one, and read the receipt by which that is possible."""
