"""The operator's page: how the last weeks went, from the ledger. Read-only, and without JavaScript."""
