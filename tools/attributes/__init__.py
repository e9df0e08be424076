"""Soft attributes ("funny", "gory", "makes you think"): how much of one an item has, for any catalogue and any word."""
