"""Measures everything, on all public data or on parts of it.

    python scripts/evaluate.py --quick --out runs/evaluate-quick

The data folder is `$CONVREC_DATA`, with the folders that docs/evaluation.md names.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from convrec.core.errors import InputError
from convrec.evaluation.suite import JOBS, Place, measured


def main() -> int:
    """Runs the suite and says what came of each job; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/evaluate"), help="where workspaces and runs go")
    parser.add_argument(
        "--quick", action="store_true", help="parts of the data, fewer people: minutes in place of hours"
    )
    parser.add_argument("--only", default="", help="names of jobs, with commas: " + ", ".join(job.name for job in JOBS))
    parser.add_argument("--processes", type=int, default=2, help="how many jobs at a time")
    options = parser.parse_args()
    data = os.environ.get("CONVREC_DATA")
    place = Place(Path(data).expanduser().resolve() if data else None, options.out.resolve(), options.quick)
    started, failed = time.monotonic(), 0
    try:
        for outcome in measured(place, [name for name in options.only.split(",") if name], options.processes):
            print(f"{outcome} after {time.monotonic() - started:.0f} s", flush=True)
            failed += outcome.end == "failed"
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. What was finished is kept; run it again to go on.", file=sys.stderr)
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
