"""The demo catalogue that ships with the package."""
