"""`convrec finetune`: training sets, and adapters trained on them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, command
from convrec.ui.cli.progress import progress_shown

Task = Literal["encoder"]
TaskOption = Annotated[Task, typer.Option("--task", help="What is tuned: encoder is the reader of messages.")]


def build(
    task: TaskOption,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the rows are written.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            envvar="CONVREC_DATA",
            help="The folder of the public data sets: sgd, ccpe, redial. Without it, rows come from the grammar alone.",
        ),
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels", metavar="F", help="Attitudes to films, labelled by hand (may be given several times)."
        ),
    ] = None,
    messages: Annotated[int, typer.Option("--messages", help="Messages that the grammar writes.")] = 20_000,
    seed: Annotated[int, typer.Option("--seed", help="Of all that is drawn.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Build a training set.

    Examples:
      convrec finetune build --task encoder --data public --labels tests/agent/attitudes.jsonl --out runs/reader
    """
    from convrec.finetune.encoder.build import build as build_rows

    counts = build_rows(data, labels or [], out, seed=seed, messages=messages)
    if as_json:
        print_json({"task": task, "out": str(out), "rows": dict(sorted(counts.items()))})
        return
    print_table(
        ("rows of", "part", "n"), ((*key.split("/"), f"{n:,}") for key, n in sorted(counts.items())), right=("n",)
    )
    say(f"Written to {out}. Next: convrec finetune train --task {task} --rows {out} --out FILE.")


def train(
    task: TaskOption,
    rows: Annotated[Path, typer.Option("--rows", metavar="DIR", help="What build wrote.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The weights to write (safetensors); figures lie beside them.")],
    tuning: Annotated[Literal["lora", "full", "frozen"], typer.Option("--tuning", help="How the encoder is tuned.")] = "lora",
    rank: Annotated[int, typer.Option("--rank", help="Of the adapter.")] = 32,
    layers: Annotated[int, typer.Option("--layers", help="First layers of the encoder that are kept: fewer are faster.")] = 4,
    rate: Annotated[float, typer.Option("--rate", help="Learning rate of the encoder.")] = 1e-3,
    epochs: Annotated[float, typer.Option("--epochs", help="Times that each row is seen.")] = 3.0,
    size: Annotated[int, typer.Option("--size", help="Rows a step.")] = 24,
    most: Annotated[int, typer.Option("--most", help="Rows to train on, about; 0 takes all.")] = 0,
    sample: Annotated[int, typer.Option("--sample", help="Rows of each part to measure on, about; 0 takes all.")] = 0,
    without: Annotated[
        str | None,
        typer.Option("--without", metavar="A,B", help="Schemas and sources to leave out, by how they begin: a domain never seen."),
    ] = None,
    encoder: Annotated[str, typer.Option("--encoder", help="The encoder that is tuned: a name or a folder.")] = "all-MiniLM-L6-v2",
    seed: Annotated[int, typer.Option("--seed", help="Of all that is drawn.")] = 0,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Train on what build wrote, and measure on what it kept back.

    Examples:
      convrec finetune train --task encoder --rows runs/reader --out runs/reader.safetensors
      convrec finetune train --task encoder --rows runs/reader --out runs/no-music.safetensors --without Music,grammar-albums
    """
    from convrec.finetune.encoder.jobs import summary, train_reader
    from convrec.finetune.encoder.model import Tuning
    from convrec.finetune.encoder.train import Setting
    from convrec.tools.encoder import TextEncoder

    left_out = tuple(name.strip() for name in without.split(",")) if without else ()
    setting = Setting(
        tuning=Tuning(kind=tuning, rank=rank, layers=layers), rate=rate, heads_rate=rate if tuning == "lora" else 1e-3, epochs=epochs, size=size,
        seed=seed, without=left_out,
    )  # fmt: skip
    with progress_shown() as progress:
        measured = train_reader(rows, out, setting, TextEncoder.open(encoder), progress, most=most, sample=sample)
    if as_json:
        print_json({"task": task, "out": str(out), "figures": measured})
        return
    print_table(("part", "figure", "value"), summary(measured), right=("value",))
    say(f"The weights are {out}.")


app = typer.Typer(
    name="finetune", help="Build training sets and train adapters on them.", no_args_is_help=True, rich_markup_mode=None
)
for function in (build, train):
    command(app, function)
