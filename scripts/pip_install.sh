#!/bin/sh
# Runs `PYTHON -m pip install …` and says every ten seconds how far it is; all of pip's words go to LOG, its last ones are shown where it fails.
# Usage: scripts/pip_install.sh LOG PYTHON ARGUMENTS
log=$1 python=$2
shift 2
began=$(date +%s)
"$python" -m pip install --disable-pip-version-check --progress-bar off "$@" >"$log" 2>&1 &
pip=$!
trap 'kill "$pip" 2>/dev/null; exit 130' INT TERM
waited=0
while kill -0 "$pip" 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    if [ $((waited % 10)) -eq 0 ]; then
        doing=$(grep -E '^ *(Collecting|Downloading|Using cached|Building|Installing|Preparing|Getting)' "$log" | tail -n 1)
        printf '  %4d s  %.100s\n' "$(($(date +%s) - began))" "$(echo "$doing" | sed 's/^ *//')"
    fi
done
wait "$pip"
failed=$?
if [ "$failed" -ne 0 ]; then
    tail -n 20 "$log" >&2
    echo "pip could not install it; all that it said is in $log." >&2
    exit "$failed"
fi
printf '  %4d s  done\n' "$(($(date +%s) - began))"
