"""Language models as engines: a served one or one in this process."""
