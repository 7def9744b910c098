#!/usr/bin/env bash
# Ablations of stage 1 on ActiveViewPose at a small, equal budget of samples; one table of one look with intervals.
# All begin at the backbone and the spatial encoder of the shipped checkpoint `look` (which stage 1 keeps frozen), with
# adapter and head decoder anew; `no_pretraining` begins without its backbone. What is finished is passed over.
# Usage: runs/ablate_look.sh [FOLDER]      FOLDER defaults to runs/ablate_look; VIEWS and VAL name folders that exist,
# STEPS (of 64 samples), RECIPES, SEEDS and REPEATED (recipes learned again with these seeds: how much a seed matters),
# FRAMES (of VAL that are asked about; 0: all) and SETTINGS (more training settings, `stage1.images=8`) may be set too
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-runs/ablate_look}
views=${VIEWS:-$out/views} val=${VAL:-$out/val} steps=${STEPS:-320} init=src/sapave/weights/look
recipes=${RECIPES-ours no_pretraining full_finetuning no_spatial no_depth no_intrinsics no_pose regression}
[ -d "$views" ] || sapave views --suite activeviewpose --scenes 400 --out "$views"
[ -d "$val" ] || sapave views --suite activeviewpose --split val --scenes 60 --out "$val"

measured=("shipped=$init")
learn() { # NAME RECIPE [OPTIONS]: one stage 1, and the table of all so far
    local name=$1 recipe=$2
    shift 2
    sapave train recipe "$recipe" --begin stage1 --end stage1 --init "$init" --anew adapter head_decoder \
        --views "$views" --cache "$out/cache" --out "$out/$name" "$@"
    measured+=("$name=$(echo "$out/$name"/*-stage1)")
    python -m sapave.bench.one_look --views "$val" --cache "$out/cache" --out "$out/table" --frames "${FRAMES:-0}" \
        --checkpoints "${measured[@]:1}" "${measured[0]}"
}
settings=(--settings "stage1.steps=$steps" stage1.warmup=30 stage1.save_every=50)
read -ra more <<<"${SETTINGS-}"
settings+=("${more[@]}")
for recipe in $recipes; do
    learn "$recipe" "$recipe" "${settings[@]}"
done
for seed in ${SEEDS-1}; do
    for recipe in ${REPEATED-ours}; do
        learn "$recipe-seed-$seed" "$recipe" "${settings[@]}" "stage1.seed=$seed" --override "seed=$seed"
    done
done
cat "$out/table/table.md"
