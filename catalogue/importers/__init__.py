"""Readers of well-known data layouts."""
