#!/usr/bin/env bash
# Builds sdist and wheel, installs the wheel into a clean environment outside the checkout, and talks with the agent there.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.venv/bin/python -m build --no-isolation --outdir "$work/dist" . >"$work/build.log" || { cat "$work/build.log"; exit 1; }
ls -l "$work/dist"
.venv/bin/python -m venv "$work/env"
"$work/env/bin/python" -m pip install -qq -c "$root/constraints.txt" ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "$work"/dist/*.whl

cd "$work"
export XDG_DATA_HOME="$work/data" HF_HUB_OFFLINE=1
unset PYTHONPATH CONVREC_WORKSPACE
env/bin/python - <<'PYTHON'
import time

from convrec.agent import Agent

began = time.perf_counter()
with Agent.demo() as agent:
    print(f"Agent.demo() took {time.perf_counter() - began:.1f} s")
    reply = agent.chat("a western from the 60s, but without John Wayne")
    print(reply.text)
    if not reply.items:
        raise SystemExit("the reply has no items")
PYTHON
env/bin/convrec chat "something funnier" --json >"$work/reply.json"
printf 'a film like Heat\nwhy the first?\n' | env/bin/convrec chat --user ana
env/bin/convrec doctor
