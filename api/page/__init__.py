"""The page for people: its files, and the policy that a browser holds it to."""
