"""Every word that is sent to a language model, as files."""

if __name__ != "convrec.prompts":
    raise ImportError(
        "This is convrec's room `prompts`: import it as `convrec.prompts` (after `pip install -e .`), not as `prompts`."
    )
