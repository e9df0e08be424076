"""The `convrec` command."""
