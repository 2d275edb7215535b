"""HTTP as strangers and proxies speak it: the API over raw sockets, and receivers of webhooks with odd addresses and answers."""
