"""The prompt of the task `plan` and the schema of its answer."""
