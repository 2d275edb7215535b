"""What is done to torch modules, whichever model they belong to."""
