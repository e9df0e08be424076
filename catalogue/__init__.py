"""Items, events and dialogues: schema, ingest, predicates, importers, the versioned store, the workspace."""

if __name__ != "convrec.catalogue":
    raise ImportError(
        "This is convrec's room `catalogue`: import it as `convrec.catalogue` (after `pip install -e .`), not as `catalogue`."
    )
