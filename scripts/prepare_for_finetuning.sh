#!/usr/bin/env bash
# Takes a folder of generated instructions to training data: classify, instances, prepare, and a dataset folder.
#
#   scripts/prepare_for_finetuning.sh [OUT] [FORMAT] [further options of the three stages]
#
# The backend is the one that the run started with; the dataset is written to OUT/dataset.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-runs/generations}
format=${2:-messages}
shift $(($# < 2 ? $# : 2))

command=selfinstruct
[ -x .venv/bin/selfinstruct ] && command=.venv/bin/selfinstruct

for stage in classify instances prepare; do
    "$command" "$stage" --out "$out" "$@"
done
exec "$command" export --out "$out" --format "$format" --to "$out/dataset"
