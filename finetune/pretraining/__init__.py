"""Pre-training a small language model of our own, from nothing, on the grammar's examples and a little natural text."""

if __name__ != "convrec.finetune.pretraining":
    raise ImportError("Import this package as `convrec.finetune.pretraining`, not under another name.")
