"""Protocols, simulated people, reports."""

if __name__ != "convrec.evaluation":
    raise ImportError(
        "This is convrec's room `evaluation`: import it as `convrec.evaluation` (after `pip install -e .`), not as `evaluation`."
    )
