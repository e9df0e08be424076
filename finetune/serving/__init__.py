"""Adapters served: a register, and the server's command."""
