"""A grammar of what people say to a recommender, in many domains, with what it means: training data without end."""

if __name__ != "convrec.finetune.grammar":
    raise ImportError("Import this package as `convrec.finetune.grammar`, not under another name.")
