"""Runs the demo: python -m convrec.finetune.demo [--out DIR]; `$CONVREC_VLLM` names vLLM's program. With --task, only whether that task is learned."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from convrec.core.errors import ConvrecError
from convrec.core.progress import Lines
from convrec.finetune.demo.run import DemoOptions, run
from convrec.finetune.demo.trial import TRIALS, lines_of, trial
from convrec.finetune.serving.server import found_vllm

Say = Callable[[str], None]


def main() -> int:
    """Runs the demo and returns 0 where all of it came out as it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/finetune-demo"),
        help="where everything is written; what is there is deleted",
    )
    parser.add_argument(
        "--task",
        choices=sorted(TRIALS),
        help="tune on planted people, and on shuffled answers, and say what each does for people who were held out",
    )
    given = parser.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:6.0f} s] {text}\n")
        sys.stderr.flush()

    try:
        return _tried(given.out / given.task, given.task, say) if given.task else _demonstrated(given.out, say)
    except ConvrecError as error:
        say(str(error))
        return error.exit_code


def _demonstrated(out: Path, say: Say) -> int:
    progress = Lines(say, seconds_between=20)
    summary = run(out.resolve(), found_vllm(), DemoOptions(), root=Path.cwd(), progress=progress, say=say)
    sys.stdout.write(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(summary["passed"].values()) else 1


def _tried(out: Path, task: str, say: Say) -> int:
    name = next(one for one in TRIALS if one == task)
    found = trial(out.resolve(), name, TRIALS[name], progress=Lines(say, seconds_between=20), say=say)
    sys.stdout.write("\n".join([*lines_of(found), f"{found['cpu_seconds']} s of CPU"]) + "\n")
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
