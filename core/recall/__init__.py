"""The request that an account's open pages are to show in their forms: handed over, and not sent."""
