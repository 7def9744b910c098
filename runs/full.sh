#!/usr/bin/env bash
# The whole road with full numbers: about a day on two cores, and some hours for the wrist cameras (never run at this
# size yet). An interrupted run goes on where it stopped.
# Usage: runs/full.sh [FOLDER]      FOLDER defaults to runs/full
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1

out=${1:-runs/full}
say() { printf '\n== %s\n' "$*"; }

say "views: images, words, and the head motion that answers them"
sapave views --out "$out/views" --scenes 6000
sapave views --out "$out/views-val" --split val --scenes 100

say "collect: expert episodes, and as many with the camera fixed for the rival"
sapave collect --out "$out/episodes" --count 2000 --mix 1 1 1.5 --random-share 0.2 --wrists
sapave collect --out "$out/episodes-fixed" --count 2000 --mix 1 1 1.5 --camera fixed --wrists

say "train: the stages"
common=(--cache "$out/cache" --val-views "$out/views-val")
sapave train stage0 --out "$out/stage0" --views "$out/views" --steps 20000 "${common[@]}"
sapave train stage0 --out "$out/stage0b" --init "$out/stage0" --no-tasks --views "$out/views" --views-share 0.5 \
    --episodes "$out/episodes=2" "$out/episodes-fixed" --steps 5000 "${common[@]}"
sapave train spatial --out "$out/spatial" --init "$out/stage0b" --views "$out/views" "${common[@]}"
sapave train stage1 --out "$out/stage1" --init "$out/spatial" --views "$out/views" --steps 10000 "${common[@]}"
sapave train draft --out "$out/draft" --init "$out/stage1" --episodes "$out/episodes" "${common[@]}"

say "correct: the policy drives, the expert says what it should have done; then train on both"
sapave collect --out "$out/corrected" --learner "$out/draft" --first-seed 100000 --count 800 --mix 1 1 2 --wrists
sapave train draft --out "$out/draft2" --init "$out/draft" --episodes "$out/episodes" "$out/corrected" "${common[@]}"
sapave collect --out "$out/corrected2" --learner "$out/draft2" --first-seed 110000 --count 800 --mix 1 1 2 --wrists
corrected=("$out/corrected" "$out/corrected2")
sapave train draft --out "$out/draft3" --init "$out/draft2" --episodes "$out/episodes" "${corrected[@]}" "${common[@]}"
sapave train stage2 --out "$out/active" --init "$out/draft3" --views "$out/views" \
    --episodes "$out/episodes" "${corrected[@]}" "${common[@]}"

say "the rival: the same road and the same amount of data with the camera fixed"
sapave train draft --out "$out/draft-fixed" --init "$out/stage1" --episodes "$out/episodes-fixed" "${common[@]}"
sapave collect --out "$out/corrected-fixed" --camera fixed --learner "$out/draft-fixed" \
    --first-seed 100000 --count 800 --mix 1 1 2 --wrists
sapave train draft --out "$out/draft2-fixed" --init "$out/draft-fixed" \
    --episodes "$out/episodes-fixed" "$out/corrected-fixed" "${common[@]}"
sapave collect --out "$out/corrected2-fixed" --camera fixed --learner "$out/draft2-fixed" \
    --first-seed 110000 --count 800 --mix 1 1 2 --wrists
corrected=("$out/corrected-fixed" "$out/corrected2-fixed")
sapave train draft --out "$out/draft3-fixed" --init "$out/draft2-fixed" \
    --episodes "$out/episodes-fixed" "${corrected[@]}" "${common[@]}"
sapave train stage2 --out "$out/fixed" --init "$out/draft3-fixed" --views "$out/views" \
    --episodes "$out/episodes-fixed" "${corrected[@]}" "${common[@]}"

say "the wrist cameras: stage 2 of both once more, from the same drafts and episodes"
wrists=(--override 'extra_cameras=["left_wrist","right_wrist"]')
sapave train stage2 --out "$out/active-wrist" --init "$out/draft3" --views "$out/views" \
    --episodes "$out/episodes" "$out/corrected" "$out/corrected2" "${wrists[@]}" "${common[@]}"
sapave train stage2 --out "$out/fixed-wrist" --init "$out/draft3-fixed" --views "$out/views" \
    --episodes "$out/episodes-fixed" "${corrected[@]}" "${wrists[@]}" "${common[@]}"

say "eval: the committed test list, and the report"
sapave eval --out "$out/eval" --checkpoint "$out/active" --fixed-checkpoint "$out/fixed" \
    --wrist-checkpoint "$out/active-wrist" --fixed-wrist-checkpoint "$out/fixed-wrist" \
    --arms active fixed active_wrist fixed_wrist held expert zero
say "done: $out/eval/report.html"
