"""Who comes to the chat page: accounts with a password, an OpenID Connect provider, a trusted proxy, guests."""
