#!/usr/bin/env bash
# How the shipped checkpoint `look` was trained: learns to see, then where to look and when it sees enough.
# The first third on one H100 with 16 cores (3 minutes of rendering per 4 000 scenes, 9 minutes of training), the others on
# two CPU cores (20 and 15 minutes of rendering, 80 and 87 of training); LOG.md, 2026-11-28.
# Usage: runs/look.sh [FOLDER]      FOLDER defaults to runs/look; without a GPU the first third takes days
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

# The second third: the picture sees itself whole, requests lie near and are harder; stage 0 again, then stage 1 again.
sapave views "${suite[@]}" --scenes 4200 --out "$out/any"
near=("${suite[@]}" --reach near --samples 6)
sapave views "${near[@]}" --second 0.3 --scenes 2000 --first-scene 8000 --out "$out/near"
sapave views "${near[@]}" --about relation comparison second other --scenes 500 --first-scene 12000 --out "$out/hard"
sapave views "${suite[@]}" --reach near --split val --scenes 60 --out "$out/val-near"

again=(--cache "$out/cache" --val-views "$out/val-near" --images 24 --per-image 6 --precision bf16 --accumulate 2)
sapave train stage0 --out "$out/stage0b" --init "$out/stage1" --override whole_picture=true --views "$out/near" \
    --no-tasks --losses pointer 1 presence 0.3 --lr 4e-4 --warmup 60 --steps 1450 --max-minutes 28 "${again[@]}"
sapave train stage0 --out "$out/stage0c" --init "$out/stage0b" --views "$out/near" "$out/hard=1.5" \
    --no-tasks --losses pointer 1 presence 0.3 --lr 3e-4 --warmup 20 --steps 820 "${again[@]}"
sapave train stage1 --out "$out/stage1b" --init "$out/stage0c" --views "$out/near" "$out/hard=0.7" "$out/any=0.2" \
    --lr 5e-4 --warmup 30 --steps 620 "${again[@]}"

# The last third: the same two stages again on scenes never seen before, more of them hard.
sapave views "${near[@]}" --about relation comparison second other --scenes 1000 --first-scene 14000 --out "$out/hard2"
sapave views "${near[@]}" --second 0.3 --scenes 1400 --first-scene 16000 --out "$out/near2"
sapave views "${suite[@]}" --samples 6 --scenes 400 --first-scene 20000 --out "$out/any2"
sapave train stage0 --out "$out/stage0d" --init "$out/stage1b" --views "$out/near2" "$out/hard2" \
    --no-tasks --losses pointer 1 presence 0.3 --lr 5e-4 --warmup 40 --steps 1300 "${again[@]}"
sapave train stage1 --out "$out/stage1c" --init "$out/stage0d" --views "$out/near2" "$out/hard2" "$out/any2=0.5" \
    --lr 5e-4 --warmup 30 --steps 700 "${again[@]}"
sapave views "${suite[@]}" --samples 6 --second 0.5 --scenes 500 --first-scene 22000 --out "$out/any3"
sapave train stage1 --out "$out/stage1d" --init "$out/stage1c" --lr 4e-4 --warmup 20 --steps 400 "${again[@]}" \
    --views "$out/near2=0.4" "$out/hard2=0.35" "$out/any2" "$out/any3=1.4"  # half of it far again, or searching is lost
python - "$out" <<'PY'  # half way between the two: near as good as the first, searching nearly as well as the second
import sys

import torch

from sapave.model import checkpoint

(model, processor), (other, _) = (checkpoint.load(f"{sys.argv[1]}/{name}") for name in ("stage1c", "stage1d"))
with torch.no_grad():
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        mine.lerp_(theirs, 0.5)
checkpoint.save(f"{sys.argv[1]}/look", model, processor, half=True, leave_out=("other_decoder",))
PY

sapave eval --suite activeviewpose --checkpoint "$out/look" --out "$out/eval"
sapave eval --suite activeviewpose --reach any --arms active --checkpoint "$out/look" --out "$out/eval-any"
