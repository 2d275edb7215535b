"""Who may use the service: accounts, their API keys, and what they used."""
