#!/usr/bin/env bash
# Generates new instructions into a folder, with the settings that the scripts of the original project had.
#
#   scripts/generate_instructions.sh [OUT] [TARGET] [further options of `selfinstruct generate`]
#
# BACKEND names who answers (default: groq), SEEDS a seed file of your own.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-runs/generations}
target=${2:-100}
shift $(($# < 2 ? $# : 2))

command=selfinstruct
[ -x .venv/bin/selfinstruct ] && command=.venv/bin/selfinstruct

exec "$command" generate --backend "${BACKEND:-groq}" --seeds "${SEEDS:-builtin}" --out "$out" --target "$target" "$@"
