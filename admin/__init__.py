"""Commands for operators: accounts and API keys."""
