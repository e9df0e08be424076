"""Runs the benchmarks one after the other, each into a JSON document of a folder, and writes docs/benchmarks.md from what is there.

    python scripts/bench.py --data DIR --out runs/bench                 # all; those whose document is there already are left alone
    python scripts/bench.py --data DIR --out runs/bench --only words    # one, again
    python scripts/bench.py --out runs/bench --only docs                # the page alone
    python scripts/bench.py --data DIR --rectools PYTHON --lenskit PYTHON   # beside those libraries, each in an environment of its own

DIR holds the public data sets in folders named as their authors publish them. Without it only what needs no data is run.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARIES = ("rectools", "lenskit")
PACKAGES = ("torch", "implicit", "lightgbm", "bm25s", "chromadb", "numpy", "scipy")


def commands(data: Path | None, out: Path, pythons: Mapping[str, Path]) -> dict[str, list[str]]:
    """Returns, by name, the arguments of each benchmark; those that need data only where there is some.

    `pythons` has, by library, the Python that holds it.
    """
    rectools = _named(pythons, "rectools")
    found = {
        "scale-100000": ["scale.py", "--items", "100000", "--folder", f"{out / 'scale-100000'}", "--out"],
        "scale-1000000": ["scale.py", "--items", "1000000", "--folder", f"{out / 'scale-1000000'}", "--out"],
    }
    if data is not None:
        found |= {
            "words": ["words.py", f"{data / 'wikipedia-movies'}", "--cases", "500", "--json"],
            "dialogue": ["dialogue.py", "--data", f"{data}", "--work", f"{out / 'dialogue-work'}", "--limit", "500", "--json"],
            "cold": ["cold.py", "--data", f"{data}", "--work", f"{out / 'cold-work'}", "--json"],
            "collaborative": [
                "collaborative.py", f"{data / 'movielens-latest-small'}", *rectools, *_named(pythons, "lenskit"), "--out",
            ],
            "sequences": [
                "sequences.py", f"{data / 'amazon-games'}", "--people", "6000", "--asked", "1500", *rectools, "--json",
            ],
        }  # fmt: skip
    return found


def _named(pythons: Mapping[str, Path], library: str) -> list[str]:
    return [f"--{library}", str(pythons[library])] if library in pythons else []


def main() -> None:
    """Runs what is asked for and writes the page."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    pythons = {name: path for name in LIBRARIES if (path := getattr(options, name)) is not None}
    every = commands(options.data, options.out, pythons)
    wanted = options.only.split(",") if options.only else list(every)
    unknown = set(wanted) - {*every, "docs"}
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))} here. There are {', '.join(every)} and docs.")
    failed = []
    for name in (name for name in wanted if name != "docs"):
        path = options.out / f"{name}.json"
        if path.exists() and not options.only:
            print(f"{name}: there already", file=sys.stderr)
            continue
        print(f"{name}…", file=sys.stderr)
        if not _run(name, [*every[name], str(path)], options.out):
            failed.append(name)
    subprocess.run([sys.executable, str(ROOT / "scripts" / "docs_benchmarks.py"), str(options.out)], check=True)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}. Their last words are in {options.out}/*.log.")


def _run(name: str, arguments: Sequence[str], out: Path) -> bool:
    """Runs one benchmark, keeps what it prints in a log and beside its document a manifest; returns whether it succeeded."""
    started, began = datetime.now(UTC), time.perf_counter()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with (out / f"{name}.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, str(ROOT / "benchmarks" / arguments[0]), *arguments[1:]]
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False)
    manifest = {
        "command": f"python benchmarks/{' '.join(_shown(arguments))}", "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - began, 1), "code": _code(), "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "packages": {package: version(package) for package in PACKAGES},
    }  # fmt: skip
    (out / f"{name}.manifest").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return done.returncode == 0


def _shown(arguments: Sequence[str]) -> list[str]:
    """Returns the arguments with every folder as its name alone: where things lie on one machine means nothing elsewhere."""
    return [Path(argument).name if os.sep in argument else argument for argument in arguments]


def _code() -> str:
    """Returns which code ran: the head of the repository, with a + where files differ from it."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    head, changed = (
        subprocess.run([git, "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False).stdout.strip()
        for arguments in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    )
    return (head or "unknown") + ("+" if changed else "")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = os.environ.get("CONVREC_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench", help="where documents and logs are kept")
    for library in LIBRARIES:
        parser.add_argument(f"--{library}", type=Path, metavar="PYTHON", help=f"the Python that has {library}")
    parser.add_argument(
        "--only", help="these benchmarks, with commas, whether or not they are there; `docs` for the page alone"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
