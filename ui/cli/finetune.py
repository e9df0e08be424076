"""`convrec finetune`: training sets from one's own catalogue, adapters trained on them, their proof and their serving."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from convrec.core.errors import InputError
from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption, command
from convrec.ui.cli.options import SeedOption
from convrec.ui.cli.progress import progress_shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convrec.catalogue.workspace import Workspace
    from convrec.finetune.sets.rows import Task

AnyTask = Literal["understand", "plan", "explain", "profile", "preference", "encoder", "reader"]
TaskOption = Annotated[
    AnyTask,
    typer.Option(
        "--task",
        help="What is tuned: a step of the language model; encoder, the sentence encoder, on who liked what; or reader, the compact engine's reader of messages.",
    ),
]
RowsOption = Annotated[
    Path | None, typer.Option("--rows", metavar="DIR", help="What build wrote.", show_default="in the workspace")
]
BaseOption = Annotated[
    Path | None, typer.Option("--base", metavar="DIR", help="The folder of the language model that is tuned.")
]
AdapterOption = Annotated[
    Path | None,
    typer.Option(
        "--adapter",
        metavar="DIR",
        help="The adapter; of encoder: the run's folder.",
        show_default="what train wrote last",
    ),
]


def build(
    task: TaskOption,
    workspace: WorkspaceOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the rows are written.", show_default="in the workspace")] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", envvar="CONVREC_DATA", help="Of reader: the folder of the public data sets: sgd, ccpe, redial. Without it, rows come from the grammar alone."),
    ] = None,
    labels: Annotated[
        list[Path] | None, typer.Option("--labels", metavar="F", help="Turns labelled by hand, as evaluate understanding takes them (of reader: attitudes to films); may be given several times.")
    ] = None,
    messages: Annotated[int | None, typer.Option("--messages", min=1, help="Messages that the grammar writes.", show_default="4000; 20000 for reader")] = None,
    contexts: Annotated[float, typer.Option("--contexts", min=0, max=1, help="Share of messages with a slate or a question before them.")] = 0.45,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Build a training set from the workspace, without any service: rows for training, for stopping, with other wording, and real ones for the test.

    Examples:
      convrec finetune build -w shop --task understand
      convrec finetune build -w shop --task encoder
      convrec finetune build --task reader --data public --labels tests/agent/attitudes.jsonl --out runs/reader
    """
    if task == "reader":
        _build_reader(data, labels or [], _needed(out, "--out"), seed, messages or 20_000, as_json)
        return
    if task == "encoder":
        _build_encoder(_workspace(workspace), out, as_json)
        return
    from convrec.finetune.jobs import set_folder
    from convrec.finetune.sets.build import SetOptions
    from convrec.finetune.sets.build import build as build_set

    target = _workspace(workspace)
    folder = out or set_folder(target, task)
    with progress_shown() as progress:
        card = build_set(
            target, task, folder, SetOptions(messages or 4_000, contexts, tuple(labels or ()), seed), progress=progress
        )
    if as_json:
        print_json({"out": str(folder), **card})
        return
    print_table(("part", "rows"), ((part, f"{count:,}") for part, count in card["rows"].items()), right=("rows",))
    say(
        f"Written to {folder}; read card.md there. Next: convrec finetune train -w {target.root} --task {task} --base DIR."
    )


def _build_encoder(target: "Workspace", out: Path | None, as_json: bool) -> None:
    from convrec.finetune.encoder.liked import build as build_liked
    from convrec.finetune.jobs import set_folder

    folder = out or set_folder(target, "encoder")
    card = build_liked(target, folder)
    if as_json:
        print_json({"out": str(folder), **card})
        return
    print_table(("items", "n"), ((part, f"{n:,}") for part, n in sorted(card["items"].items())), right=("n",))
    say(f"{card['people']:,} people liked {card['liked']:,} items. Written to {folder}. Next: convrec finetune train -w {target.root} --task encoder.")  # fmt: skip


def _build_reader(data: Path | None, labels: list[Path], out: Path, seed: int, messages: int, as_json: bool) -> None:
    from convrec.finetune.reader.build import build as build_rows

    counts = build_rows(data, labels, out, seed=seed, messages=messages)
    if as_json:
        print_json({"task": "reader", "out": str(out), "rows": dict(sorted(counts.items()))})
        return
    print_table(
        ("rows of", "part", "n"), ((*key.split("/"), f"{n:,}") for key, n in sorted(counts.items())), right=("n",)
    )
    say(f"Written to {out}. Next: convrec finetune train --task reader --rows {out} --out FILE.")


def train(
    task: TaskOption,
    workspace: WorkspaceOption = None,
    base: BaseOption = None,
    rows: RowsOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The run's folder; a stopped run goes on in it. Of reader: the weights to write (safetensors).", show_default="in the workspace")] = None,
    config: Annotated[str, typer.Option("--config", metavar="NAME|F", help="The setting: cpu, gpu-24gb, gpu-80gb, several-gpus, or a TOML file.")] = "cpu",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what memory and time it would take; no weights are read.")] = False,
    tflops: Annotated[float | None, typer.Option("--tflops", min=0.001, help="Of --dry-run: the speed of the device that it would run on, in 10^12 operations a second.", show_default="this machine's, measured")] = None,
    rank: Annotated[int | None, typer.Option("--rank", min=1, help="Of the adapter.", show_default="the setting's; 32 for reader")] = None,
    rate: Annotated[float | None, typer.Option("--rate", help="Learning rate.", show_default="the setting's; 1e-3 for reader and reader")] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Times that each row is seen.", show_default="the setting's; 3 for reader")] = None,
    tuning: Annotated[Literal["lora", "full", "frozen"], typer.Option("--tuning", help="Of reader: how it is tuned.")] = "lora",
    layers: Annotated[int, typer.Option("--layers", help="Of reader: first layers that are kept: fewer are faster.")] = 6,
    size: Annotated[int, typer.Option("--size", help="Of reader: rows a step.")] = 24,
    most: Annotated[int, typer.Option("--most", help="Of reader: rows to train on, about; 0 takes all.")] = 0,
    sample: Annotated[int, typer.Option("--sample", help="Of reader: rows of each part to measure on, about; 0 takes all.")] = 0,
    without: Annotated[str | None, typer.Option("--without", metavar="A,B", help="Of reader: schemas and sources to leave out, by how they begin: a domain never seen.")] = None,
    encoder: Annotated[str, typer.Option("--encoder", help="Of reader: the one that is tuned: a name or a folder.")] = "all-MiniLM-L6-v2",
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Train an adapter on what build wrote, measure it on what was kept back, and stop when nothing becomes better. Stopped, it goes on where it was.

    Examples:
      convrec finetune train -w shop --task understand --base models/qwen3-4b --config gpu-24gb
      convrec finetune train -w shop --task understand --base models/qwen3-4b --dry-run
      convrec finetune train --task reader --rows runs/reader --out runs/reader.safetensors
    """
    if task == "reader":
        _train_reader(
            _needed(rows, "--rows"), _needed(out, "--out"), tuning=tuning, rank=rank or 32, layers=layers, rate=rate or 1e-3, epochs=epochs or 3.0, size=size, most=most,
            sample=sample, without=without, encoder=encoder, seed=seed, as_json=as_json,
        )  # fmt: skip
        return
    if task == "encoder":
        _train_encoder(_workspace(workspace), rows, out, rate or 1e-3, seed, as_json)
        return
    from convrec.finetune.jobs import dry_run as estimated
    from convrec.finetune.jobs import run_folder, set_folder, training
    from convrec.finetune.tuning.setting import named_setting

    target = _workspace(workspace)
    setting = named_setting(config, rank=rank, rate=rate, epochs=epochs, seed=seed)
    folder, rows = _needed(base, "--base"), rows or set_folder(target, task)
    if dry_run:
        found = estimated(target, folder, rows, setting, tflops * 1e12 if tflops else None)
        if as_json:
            print_json(found.document())
            return
        say(
            f"Memory {found.memory_bytes / 2**30:.2f} GiB (weights {found.weights_bytes / 2**30:.2f}, adapter {found.adapter_bytes / 2**30:.3f}, activations {found.activation_bytes / 2**30:.2f}), about {found.seconds / 60:.1f} minutes {'there' if tflops else 'here'}."
        )
        return
    with progress_shown() as progress:
        trained = training(
            target, task, folder, rows, out or run_folder(target, task), setting, progress=progress, say=say
        )
    standing = trained.standing
    if as_json:
        print_json(
            {
                "task": task,
                "adapter": str(trained.adapter),
                "steps": standing.step,
                "loss": standing.losses[-1],
                "best": standing.best if standing.measured else None,
                "base_hash_before": trained.before.weights,
                "base_hash_after": trained.after.weights,
                "left_out": trained.left_out,
                "seconds": round(standing.seconds, 1),
            }
        )
        return
    last = standing.measured[-1] if standing.measured else {}
    print_table(
        ("figure", "value"),
        ((name, f"{value:.3f}") for name, value in last.items() if name != "step"),
        right=("value",),
    )
    say(
        f"{standing.step} steps in {standing.seconds / 60:.1f} minutes. The adapter is {trained.adapter}. Next: convrec finetune evaluate -w {target.root} --task {task} --base {folder}."
    )


def _train_encoder(
    target: "Workspace", rows: Path | None, out: Path | None, rate: float, seed: int, as_json: bool
) -> None:
    from convrec.finetune.encoder.jobs import training
    from convrec.finetune.encoder.train import Setting
    from convrec.finetune.jobs import run_folder, set_folder

    with progress_shown() as progress:
        run = training(target, rows or set_folder(target, "encoder"), out or run_folder(target, "encoder"), Setting(rate=rate, seed=seed), progress)  # fmt: skip
    if as_json:
        print_json({"task": "encoder", "encoder": str(run.encoder), "valid": {"tuned": run.tuned.recall, "dealt": run.dealt.recall}})  # fmt: skip
        return
    say(
        f"Of the items held out to stop by, people's are found with recall@20 {run.tuned.recall:.3f}; tuned on shuffled pairs, {run.dealt.recall:.3f}. Next: convrec finetune evaluate -w {target.root} --task encoder."
    )


def _train_reader(
    rows: Path, out: Path, *, tuning: Literal["lora", "full", "frozen"], rank: int, layers: int, rate: float, epochs: float, size: int, most: int, sample: int,
    without: str | None, encoder: str, seed: int, as_json: bool,
) -> None:  # fmt: skip
    from convrec.finetune.reader.jobs import summary, train_reader
    from convrec.finetune.reader.model import Tuning
    from convrec.finetune.reader.train import Setting
    from convrec.tools.encoder import TextEncoder

    left_out = tuple(name.strip() for name in without.split(",")) if without else ()
    setting = Setting(
        tuning=Tuning(kind=tuning, rank=rank, layers=layers), rate=rate, heads_rate=rate if tuning == "lora" else 1e-3, epochs=epochs, size=size, seed=seed, without=left_out,
    )  # fmt: skip
    with progress_shown() as progress:
        measured = train_reader(rows, out, setting, TextEncoder.open(encoder), progress, most=most, sample=sample)
    if as_json:
        print_json({"task": "reader", "out": str(out), "figures": measured})
        return
    print_table(("part", "figure", "value"), summary(measured), right=("value",))
    say(f"The weights are {out}.")


def evaluate(
    task: TaskOption,
    workspace: WorkspaceOption = None,
    base: BaseOption = None,
    rows: RowsOption = None,
    adapter: AdapterOption = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Rows of each part at most.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure base and adapter, unguided, beside the compact engine, a table and the nearest training row; say whether the adapter should serve.

    Examples:
      convrec finetune evaluate -w shop --task understand --base models/qwen3-4b
      convrec finetune evaluate -w shop --task encoder
    """
    if task == "encoder":
        _judge_encoder(_workspace(workspace), rows, adapter, as_json)
        return
    from convrec.finetune.jobs import adapter_folder, comparing, run_folder, set_folder, write_document

    known, target = _of_a_model(task), _workspace(workspace)
    with progress_shown() as progress:
        found = comparing(target, known, _needed(base, "--base"), rows or set_folder(target, known), adapter or adapter_folder(target, known), limit=limit, progress=progress)  # fmt: skip
    document = found.document()
    write_document(run_folder(target, known) / "evaluation.json", document)
    if as_json:
        print_json(document)
        return
    for part, systems in found.figures.items():
        names = list(dict.fromkeys(name for each in systems.values() for name in each))
        table = (
            (system, *(f"{each[name]:.3f}" if name in each else "" for name in names))
            for system, each in systems.items()
        )
        print_table((f"{part} ({found.rows[part]})", *names), table, right=names)
    decision = found.decision
    if "gain" not in decision:
        say(f"Nothing to decide: {decision['why']}.")
        return
    verdict = "should serve" if decision["serve"] else "should not serve"
    say(
        f"The adapter {verdict} {task}: {decision['figure']} {decision['gain']:+.3f} [{decision['low']:+.3f}, {decision['high']:+.3f}] against {decision['against']} on {decision['part']}."
    )


def _judge_encoder(target: "Workspace", rows: Path | None, run: Path | None, as_json: bool) -> None:
    from convrec.finetune.encoder.gate import TUNED
    from convrec.finetune.encoder.jobs import FOLDER, judging
    from convrec.finetune.jobs import run_folder, set_folder

    with progress_shown() as progress:
        found = judging(target, rows or set_folder(target, "encoder"), run or run_folder(target, "encoder"), progress)
    if as_json:
        print_json(found.document())
        return
    table = ((name, f"{value:.3f}", _interval(found.gains.get(name))) for name, value in found.recall.items())
    print_table((f"{found.items:,} items held out, {found.people} people", "recall@20", f"gain of {TUNED}"), table, right=("recall@20",))  # fmt: skip
    print_table(("texts", "recall@20"), ((name, f"{value:.3f}") for name, value in found.texts.items()), right=("recall@20",))  # fmt: skip
    if found.use:
        say(f"The tuned encoder may be used: {found.why}. Set `encoder` under `[models]` in {target.root / 'convrec.toml'} to {(target.root / FOLDER).resolve()}, then run convrec fit -w {target.root}.")  # fmt: skip
    else:
        say(f"The tuned encoder is refused: {found.why}.")


def _interval(gain: "Mapping[str, float | None] | None") -> str:
    if gain is None or gain["value"] is None:
        return ""
    return f"{gain['value']:+.3f} [{gain['low']:+.3f}, {gain['high']:+.3f}]"


def verify(
    task: TaskOption,
    workspace: WorkspaceOption = None,
    base: BaseOption = None,
    rows: RowsOption = None,
    adapter: AdapterOption = None,
    base_url: Annotated[str, typer.Option("--base-url", metavar="URL", help="A vLLM server that serves the adapter under the task's name.", show_default="one is started")] = "",
    dtype: Annotated[Literal["auto", "float32", "bfloat16"], typer.Option("--dtype", help="The precision on both sides.")] = "auto",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Prove that the adapter that is served is the one that was trained, token by token over fifty prompts, and register it in the workspace.

    Examples:
      convrec finetune verify -w shop --task understand --base models/qwen3-4b
      convrec finetune verify -w shop --task understand --base models/qwen3-4b --base-url http://localhost:8000/v1
    """
    from convrec.finetune.jobs import adapter_folder, set_folder, verifying
    from convrec.finetune.serving.server import found_vllm

    known, target = _of_a_model(task), _workspace(workspace)
    with progress_shown() as progress:
        proof = verifying(
            target, known, _needed(base, "--base"), rows or set_folder(target, known), adapter or adapter_folder(target, known), vllm=found_vllm(), base_url=base_url, dtype=dtype, progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(proof.document())
        return
    say(
        f"{proof.token_agreement:.1%} of {proof.tokens:,} tokens are the same over {proof.prompts} prompts, served by {proof.served_by}; log probabilities differ by {proof.logprob_distance:.4f}. Registered. Next: convrec finetune serve -w {target.root} --task {task}."
    )


def serve(
    task: TaskOption,
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option("--port", help="Of vLLM, on this machine; 0 picks a free one.")] = 8000,
    dtype: Annotated[Literal["auto", "float32", "bfloat16"], typer.Option("--dtype", help="The precision that vLLM serves in.")] = "auto",
    print_only: Annotated[bool, typer.Option("--print", help="Only print vLLM's command.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Serve the registered adapters by vLLM and point [llm] at the task's; without vLLM, let the agent load it in its own process.

    Examples:
      convrec finetune serve -w shop --task understand
      convrec finetune serve -w shop --task understand --print
    """
    from convrec.finetune.serving.serve import offered, point_at
    from convrec.finetune.serving.server import Server, found_vllm, free_port

    known, target = _of_a_model(task), _workspace(workspace)
    offer = offered(target, known, found_vllm(), port=port or free_port(), dtype=dtype)
    if print_only:
        print(offer.serving.line() if offer.serving else "")  # noqa: T201  (the command itself)
        return
    if offer.serving is None:
        point_at(target, offer)
        print_json({"served_by": "transformers", "llm": dict(offer.settings)}) if as_json else say(
            f"There is no vLLM, so the agent loads the adapter itself: [llm] of {target.root / 'convrec.toml'} names it."
        )
        return
    say(offer.serving.line())
    server = Server(offer.serving, target.root / "finetune" / "vllm.log")
    with server:
        point_at(target, offer)
        print_json({"served_by": "vLLM", "llm": dict(offer.settings)}) if as_json else say(
            f"Serving at {offer.serving.base_url}; [llm] of {target.root / 'convrec.toml'} points there. Ctrl-C ends it."
        )
        server.wait()


def _workspace(path: Path | None) -> "Workspace":
    from convrec.catalogue.workspace import Workspace

    return Workspace.resolve(path)


def _needed(path: Path | None, option: str) -> Path:
    if path is None:
        raise InputError(f"{option} is missing.", "Add it.")
    return path


def _of_a_model(task: AnyTask) -> "Task":
    if task == "encoder" or task == "reader":  # noqa: PLR1714  (mypy narrows this)
        raise InputError(f"The {task} is no adapter of a language model.", "Name another --task.")
    return task


app = typer.Typer(
    name="finetune",
    help="Build training sets, train adapters on them, prove them and serve them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for function in (build, train, evaluate, verify, serve):
    command(app, function)
