"""The agent over HTTP: routes, keys, limits, errors, and the server that holds them."""
