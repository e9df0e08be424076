"""The prompt of the task `profile` and the schema of its answer."""
