#!/usr/bin/env bash
# The whole road in minutes on a CPU, with numbers far too small to learn anything: every door between rooms is used.
# Usage: runs/tiny.sh [FOLDER]      FOLDER (default runs/tiny) is emptied first
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1

out=${1:-runs/tiny}
rm -rf "$out"
say() { printf '\n== %s\n' "$*"; }

say "views: images, words, and the head motion that answers them"
sapave views --out "$out/views" --scenes 12 --views 4 --samples 3 --per-shard 6
sapave views --out "$out/views-val" --split val --scenes 4 --views 4 --samples 3

say "collect: expert episodes"
sapave collect --out "$out/episodes" --count 4

say "train: the stages"
common=(--cache "$out/cache" --val-views "$out/views-val" --eval-images 8 --warmup 2 --log-every 5)
sapave train stage0 --out "$out/stage0" --views "$out/views" --steps 20 --images 4 "${common[@]}" \
    --override vision_layers=1 text_layers=1 spatial_layers=1 decoder_layers=1
sapave train stage0 --out "$out/stage0b" --init "$out/stage0" --no-tasks --views "$out/views" --views-share 0.5 \
    --episodes "$out/episodes" --steps 10 --images 4 "${common[@]}"
sapave train spatial --out "$out/spatial" --init "$out/stage0b" --views "$out/views" --steps 10 --images 4 "${common[@]}"
sapave train stage1 --out "$out/stage1" --init "$out/spatial" --views "$out/views" --steps 10 --images 4 "${common[@]}"
sapave train draft --out "$out/draft" --init "$out/stage1" --episodes "$out/episodes" --steps 10 --images 8 "${common[@]}"
sapave train stage2 --out "$out/stage2" --init "$out/draft" --views "$out/views" --episodes "$out/episodes" \
    --steps 10 --images 8 "${common[@]}"

say "eval: fresh episodes, certified by the expert, and the report"
sapave eval --out "$out/eval" --checkpoint "$out/stage2" --arms active zero --seeds 2900000:2900100 --per-cell 1 \
    --tasks pick --conditions unoccluded out_of_view
test -s "$out/eval/report.html"
say "done: $out/eval/report.html"
