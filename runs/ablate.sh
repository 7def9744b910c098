#!/usr/bin/env bash
# The paper's five ablations, the rivals gr00t and pi0, and ours: trained at a small, equal budget, then played on the
# same committed episodes; one table of success with intervals, one of a single look. All begin at the backbone and the
# spatial encoder of the shipped checkpoint `active`, with adapter and decoders anew; pi0, which is another
# architecture, pretrains its own for PRETRAIN steps. What is finished is passed over, what was cut short goes on.
# In rows, at STEPS=320: 10 240 of views and 15 360 of episodes each; besides, DRAFT steps of 256 rows of episodes for
# the five that have a draft (seconds of work; gr00t and pi0 have nothing that reads so many, no_stage2 learns all at once).
# Usage: runs/ablate.sh [FOLDER]      FOLDER defaults to runs/ablate; VIEWS, VAL and EPISODES name folders that exist;
# RECIPES, STEPS (of stage 2), DRAFT, PRETRAIN, PER_CELL (episodes a condition), CONDITIONS, FRAMES (pictures of VAL
# that are asked about; 0: all), WORKERS (of the evaluation) and PARTS (of `train look eval`) may be set too;
# `ours:1` in RECIPES is ours once more with seed 1: how much a seed matters
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1

out=${1:-runs/ablate} init=src/sapave/weights/active
views=${VIEWS:-$out/views} val=${VAL:-$out/val} episodes=${EPISODES:-$out/episodes}
steps=${STEPS:-320} draft=${DRAFT:-1200} pretrain=${PRETRAIN:-400} parts=" ${PARTS-train look eval} "
read -ra recipes <<<"${RECIPES-ours no_stage1 unified no_spatial full_finetuning gr00t pi0 no_stage2}"
read -ra conditions <<<"${CONDITIONS-unoccluded occluded out_of_view}"
mkdir -p "$out"
[ -n "${VIEWS-}" ] || sapave views --scenes 300 --first-scene 20000 --out "$views"
[ -n "${VAL-}" ] || sapave views --split val --scenes 40 --out "$val"
[ -n "${EPISODES-}" ] || sapave collect --tasks pick --count 280 --mix 1 1 1.5 --random-share 0.2 \
    --first-seed 400000 --out "$episodes"

stage1=(stage1.steps=$((steps / 2)) stage1.images=8 stage1.precision=bf16 draft.steps="$draft") # 32 rows of views
stage2=(stage2.steps="$steps" stage2.cache_rows=1600)                                        # 16 of views, 48 of episodes
long=(stage2.steps=$((2 * steps)) stage2.images=40 stage2.views_share=0.4 stage2.cache_rows=1600) # 16 and 24
name() { echo "${1/:/-seed-}"; } # of a recipe's folder and row
learn() { # RECIPE[:SEED]: all its stages; CPU seconds of the call are added to cpu.txt
    local recipe=${1%:*} begin=stage1 settings=("${stage1[@]}" "${stage2[@]}") from again=()
    case $recipe in
    no_stage1) begin=draft settings=("draft.steps=$draft" "stage2.steps=$((5 * steps / 4))" stage2.views_share=0.4 \
        stage2.cache_rows=1600) ;; # 26 of views, 38 of episodes
    gr00t) begin=stage2 settings=("${long[@]}") ;;
    no_stage2) begin=joint settings=("joint.steps=$((2 * steps))" joint.images=28 joint.views_share=0.15) ;; # 4 x 4, 24
    pi0) begin="" settings=(stage0.images=8 "stage0.steps=$pretrain" "stage2.steps=$((2 * steps))" \
        stage2.images=28 stage2.views_share=0.15) ;; # 4 x 4, 24
    esac
    from=(--begin "$begin" --init "$init" --anew adapter head_decoder other_decoder)
    [ -n "$begin" ] || from=()
    [[ $1 != *:* ]] || again=("seed=${1#*:}" --override "seed=${1#*:}")
    local TIMEFORMAT="$(name "$1") %U"
    {
        time sapave train recipe "$recipe" "${from[@]}" --views "$views" --episodes "$episodes" --cache "$out/cache" \
            --out "$out/$(name "$1")" --settings warmup=30 save_every=100 "${settings[@]}" "${again[@]}" 2>&3
    } 3>&2 2>>"$out/cpu.txt"
}
for recipe in "${recipes[@]}"; do
    [[ $parts != *" train "* ]] || learn "$recipe"
done
last() { find "$out/$(name "$1")" -maxdepth 1 -name '*-*' | sort | tail -n 1; } # folder of a recipe's last stage
if [[ $parts == *" look "* ]]; then
    looked=()
    for recipe in "${recipes[@]}"; do looked+=("$(name "$recipe")=$(last "$recipe")"); done
    python -m sapave.bench.one_look --views "$val" --cache "$out/cache" --out "$out/look" --frames "${FRAMES:-120}" \
        --checkpoints "${looked[@]}"
fi
if [[ $parts == *" eval "* ]]; then
    for recipe in "${recipes[@]}"; do
        sapave eval --arms active --checkpoint "$(last "$recipe")" --out "$out/eval/$(name "$recipe")" --tasks pick \
            --conditions "${conditions[@]}" --per-cell "${PER_CELL:-20}" --films 0 --looking 0 --workers "${WORKERS:-1}"
    done
    played=()
    for recipe in "${recipes[@]}"; do played+=("$(name "$recipe")=$out/eval/$(name "$recipe")"); done
    python -m sapave.bench.side_by_side --runs "${played[@]}" --out "$out/table"
fi
