"""Runs the demo: python -m convrec.finetune.demo [--out DIR]; `$CONVREC_VLLM` names vLLM's program."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from convrec.core.errors import ConvrecError
from convrec.core.progress import Lines
from convrec.finetune.demo.run import DemoOptions, run
from convrec.finetune.serving.server import found_vllm


def main() -> int:
    """Runs the demo and returns 0 where all of it came out as it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/finetune-demo"),
        help="where everything is written; what is there is deleted",
    )
    out: Path = parser.parse_args().out
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:6.0f} s] {text}\n")
        sys.stderr.flush()

    try:
        summary = run(
            out.resolve(),
            found_vllm(),
            DemoOptions(),
            root=Path.cwd(),
            progress=Lines(say, seconds_between=20),
            say=say,
        )
    except ConvrecError as error:
        say(str(error))
        return error.exit_code
    sys.stdout.write(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(summary["passed"].values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
