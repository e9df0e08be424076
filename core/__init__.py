"""What every room shares: the typed objects that pass between rooms, errors, settings, clock and ids."""

if __name__ != "convrec.core":
    raise ImportError(
        "This is convrec's room `core`: import it as `convrec.core` (after `pip install -e .`), not as `core`."
    )
