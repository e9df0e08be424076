"""The prompt of the task `rank` and the schemas of its answers."""
