#!/usr/bin/env bash
# How the shipped checkpoint `look` was trained: learns to see, then where to look and when it sees enough.
# On one H100 with 16 cores: 3 minutes of rendering per 4 000 scenes, then 9 minutes of training (LOG.md, 2026-11-28).
# Usage: runs/look.sh [FOLDER]      FOLDER defaults to runs/look; without a GPU it takes days
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-runs/look}
suite=(--suite activeviewpose --workers "$(nproc)")
sapave views "${suite[@]}" --second 0.5 --scenes 2000 --out "$out/views0"
sapave views "${suite[@]}" --second 0.5 --scenes 4000 --first-scene 2000 --out "$out/views1"
sapave views "${suite[@]}" --split val --scenes 60 --out "$out/val"

common=(--cache "$out/cache" --val-views "$out/val" --images 256 --decay constant --warmup 150 --resident)
sapave train stage0 --out "$out/stage0" --views "$out/views0" --max-minutes 4.2 --steps 100000 "${common[@]}" \
    --override vision_layers=6 text_layers=6 max_tokens=32 commit=true
sapave train spatial --out "$out/spatial" --init "$out/stage0" --views "$out/views0" --max-minutes 0.25 \
    --steps 100000 "${common[@]}"
sapave train stage1 --out "$out/stage1" --init "$out/spatial" --views "$out/views0" "$out/views1" \
    --max-minutes 3.9 --steps 100000 "${common[@]}"
sapave eval --suite activeviewpose --checkpoint "$out/stage1" --out "$out/eval"
