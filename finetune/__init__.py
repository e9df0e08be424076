"""Training data from one's own catalogue and logs, LoRA training, verification, serving."""

if __name__ != "convrec.finetune":
    raise ImportError(
        "This is convrec's room `finetune`: import it as `convrec.finetune` (after `pip install -e .`), not as `finetune`."
    )
