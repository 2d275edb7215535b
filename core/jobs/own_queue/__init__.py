"""What an account does with its own queue: pause it, resume it, and move a job to one of its ends."""
