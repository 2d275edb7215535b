"""Commands for operators: accounts and API keys, and what is wrong with a deployment."""
