"""Jobs in the words of other systems, as pure functions: what their webhooks say, and their operations too."""
