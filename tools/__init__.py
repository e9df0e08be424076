"""What the agent can do: search, recommend, similar, compare, look up; every retriever and ranker; the text encoder."""

if __name__ != "convrec.tools":
    raise ImportError(
        "This is convrec's room `tools`: import it as `convrec.tools` (after `pip install -e .`), not as `tools`."
    )
