"""The commands of pre-training: `prepare`, `train`, `evaluate`, `assemble`, `pack`, `unpack`, `speed`, `show`."""

import argparse
import logging
import random
import shutil
import sys
import time
from pathlib import Path

STARTED = time.monotonic()


def _training(train: argparse.ArgumentParser) -> None:
    train.add_argument("--carry", type=Path, required=True, help="the folder that `prepare` wrote")
    train.add_argument("--out", type=Path, required=True, help="where weights, metrics and the report go")
    train.add_argument(
        "--state", type=Path, help="where to keep the state to go on from; a state that is there is gone on from"
    )
    train.add_argument("--minutes", type=float, default=8.0)
    train.add_argument(
        "--evaluate-s", type=float, default=60.0, help="seconds of --minutes left for the evaluation; 0 for none"
    )
    train.add_argument("--count", type=int, default=256, help="questions in each evaluation set")
    train.add_argument("--steps", type=int, default=0, help="follow steps in place of the clock")
    train.add_argument("--workers", type=int, default=14)
    train.add_argument("--device", default="cuda")
    train.add_argument("--rows", type=int, default=64, help="rows of 2,048 tokens a step")
    train.add_argument("--micro-rows", type=int, default=32)
    train.add_argument("--block", type=int, default=64, help="rows that a worker sends at a time")
    train.add_argument("--length", type=int, default=2048)
    train.add_argument("--layers", type=int, default=8)
    train.add_argument("--hidden", type=int, default=512)
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--text-share", type=float, default=0.09)
    train.add_argument("--attention", default="auto", choices=("auto", "block", "masked"))
    train.add_argument("--no-compile", action="store_true")
    train.add_argument("--no-replay", action="store_true")
    train.add_argument("--muon-lr", type=float, default=4e-3)
    train.add_argument("--adam-lr", type=float, default=3e-3)
    train.add_argument("--save-every-s", type=float, default=120.0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m convrec.finetune.pretraining", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="write what a training run takes along")
    prepare.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    prepare.add_argument("--out", type=Path, required=True)
    prepare.add_argument("--vocabulary", type=int, default=12288)
    prepare.add_argument(
        "--examples", type=int, default=9000, help="examples of the grammar that the tokenizer learns from"
    )
    _training(commands.add_parser("train", help="train, save, evaluate, all within --minutes"))
    evaluate = commands.add_parser("evaluate", help="measure a saved model")
    evaluate.add_argument("--model", type=Path, required=True)
    evaluate.add_argument("--carry", type=Path, required=True)
    evaluate.add_argument("--device", default="cpu")
    evaluate.add_argument("--count", type=int, default=64)
    evaluate.add_argument("--batch", type=int, default=16)
    evaluate.add_argument("--seconds", type=float, default=3600.0)
    assemble = commands.add_parser("assemble", help="put returned weights and the tokenizer into one model folder")
    assemble.add_argument("--weights", type=Path, required=True)
    assemble.add_argument("--carry", type=Path, required=True)
    assemble.add_argument("--out", type=Path, required=True)
    pack = commands.add_parser("pack", help="write a model with its weights in 8 bits, to be shipped")
    unpack = commands.add_parser("unpack", help="write a packed model as transformers, peft and vLLM load it")
    for command in (pack, unpack):
        command.add_argument("model", type=Path, metavar="MODEL")
        command.add_argument("out", type=Path, metavar="OUT")
    speed = commands.add_parser("speed", help="measure how fast one process writes examples")
    speed.add_argument("--carry", type=Path, required=True)
    speed.add_argument("--seconds", type=float, default=10.0)
    show = commands.add_parser("show", help="print examples of a task")
    show.add_argument("--task", default="understand")
    show.add_argument("--count", type=int, default=3)
    show.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _train(options: argparse.Namespace) -> None:
    from convrec.finetune.pretraining.evaluate import evaluate
    from convrec.finetune.pretraining.feed import FeedConfig
    from convrec.finetune.pretraining.model import ModelConfig
    from convrec.finetune.pretraining.optimiser import OptimiserConfig
    from convrec.finetune.pretraining.train import TrainConfig, Trainer

    heads = options.hidden // 64
    model = ModelConfig(
        hidden_size=options.hidden, intermediate_size=int(options.hidden * 2.75), num_hidden_layers=options.layers, num_attention_heads=heads,
        num_key_value_heads=max(heads // 2, 1), max_position_embeddings=options.length,
    )  # fmt: skip
    feed = FeedConfig(options.carry, options.length + 1, options.block, options.seed, options.text_share)
    config = TrainConfig(
        feed=feed, out=options.out, state=options.state, minutes=options.minutes, evaluate_s=options.evaluate_s, steps=options.steps, rows=options.rows,
        micro_rows=options.micro_rows, workers=options.workers, device=options.device, compile=not options.no_compile, attention=options.attention,
        replay=not options.no_replay, save_every_s=options.save_every_s, model=model,
        optimiser=OptimiserConfig(muon_lr=options.muon_lr, adam_lr=options.adam_lr),
    )  # fmt: skip
    trainer = Trainer(config, STARTED)
    logging.info("%.1f M parameters on %s", trainer.model.parameter_count() / 1e6, options.device)
    logging.info("ended at %s", trainer.run())
    left = options.minutes * 60 - (time.monotonic() - STARTED)
    if options.evaluate_s > 0 and left > 5:
        del trainer
        evaluate(
            options.out,
            options.carry,
            options.device,
            options.count,
            options.count if options.device == "cuda" else 16,
            left - 15,
        )


def _speed(options: argparse.Namespace) -> None:
    from convrec.finetune.pretraining.feed import FeedConfig, RowWriter

    writer, started, tokens, full, number = RowWriter(FeedConfig(options.carry)), time.monotonic(), 0, 0.0, 0
    while time.monotonic() - started < options.seconds:
        ids, weights = writer.block(0, number)
        number, tokens, full = number + 1, tokens + int((ids > 0).sum()), full + float((weights == 100).sum())
    took = time.monotonic() - started
    sys.stdout.write(
        f"{tokens / took:,.0f} tokens/s a process; {full / tokens:.2f} of them weigh in full; rows {tokens / (number * ids.size):.3f} full\n"
    )


def _show(options: argparse.Namespace) -> None:
    from convrec.finetune.grammar.mixture import Source
    from convrec.finetune.grammar.names import Names
    from convrec.finetune.grammar.wording import Wording

    rng, source = random.Random(options.seed), Source(Names(), Wording())
    for _ in range(options.count):
        sys.stdout.write("\n".join(f"<{role}> {text}" for role, text in source.write(rng, options.task)) + "\n\n")


def _assemble(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    kept = [path for path in options.weights.iterdir() if path.suffix in (".safetensors", ".json", ".jsonl")]
    for path in (*kept, *(options.carry / name for name in ("tokenizer.json", "tokenizer_config.json"))):
        shutil.copy(path, options.out / path.name)


def main() -> None:
    """Runs the command that the arguments name."""
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d ms %(message)s", stream=sys.stderr)
    options = _arguments()
    if options.command == "prepare":
        from convrec.finetune.pretraining.prepare import prepare

        prepare(options.data, options.out, options.vocabulary, options.examples)
    elif options.command == "evaluate":
        from convrec.finetune.pretraining.evaluate import evaluate

        evaluate(options.model, options.carry, options.device, options.count, options.batch, options.seconds)
    elif options.command in ("pack", "unpack"):
        from convrec.finetune.pretraining import quantised

        getattr(quantised, options.command)(options.model, options.out)
    else:
        {"train": _train, "speed": _speed, "show": _show, "assemble": _assemble}[options.command](options)


if __name__ == "__main__":
    main()
