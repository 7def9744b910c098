#!/usr/bin/env bash
# How the four arms of the suite activemanip were trained: head camera active or fixed, with and without wrist cameras.
# All share what was learned of looking; each arm's own decoder of arms and hands begins at that of the kitchens. About
# three hours of one core, the collecting half of it. An interrupted run goes on where it stopped.
# Usage: runs/arms.sh [FOLDER]      FOLDER defaults to runs/arms
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1

out=${1:-runs/arms} weights=src/sapave/weights
suite=(--suite activemanip --task all --per-task 34 --first-seed 300000 --wrists)
sapave views --suite activeviewpose --scenes 250 --first-scene 500 --second 0.5 --out "$out/views"
sapave collect "${suite[@]}" --random-share 0.2 --out "$out/episodes-active"
sapave collect "${suite[@]}" --camera fixed --out "$out/episodes-fixed"

common=(--cache "$out/cache" --log-every 20)
echo "== looking: on from the checkpoint that answers requests, with handles and doors of the episodes"
sapave train stage1 --out "$out/base" --init "$weights/look" --views "$out/views" --episodes "$out/episodes-active" \
    --views-share 0.5 --decay constant --warmup 40 --lr 6e-4 --steps 420 --save-every 50 "${common[@]}"

echo "== drafts, from the kitchens' arms and hands"
for camera in active fixed; do
    sapave train draft --out "$out/draft-$camera" --init "$out/base" --init-other "$weights/$camera" \
        --episodes "$out/episodes-$camera" --steps 2400 "${common[@]}"
done

echo "== stage 2: looking and doing for the active arm, then doing alone for the others"
stage2=(--images 112 --steps 700 --save-every 100 "${common[@]}")
looking=(--views "$out/views" --cache-rows 3000 --episodes "$out/episodes-active")
sapave train stage2 --out "$out/both" --init "$out/draft-active" --views-share 0.12 "${looking[@]}" "${stage2[@]}"
sapave train stage2 --out "$out/active" --init "$out/both" --trains head_decoder --losses head 1.0 --views-share 0.4 \
    "${looking[@]}" --images 128 --lr 6e-4 --steps 1500 "${common[@]}" # search takes longer to learn than grasping
doing=(--init "$out/active" --trains other_decoder --losses other 10.0 --views-share 0 "${stage2[@]}")
wrists=(--override 'extra_cameras=["left_wrist","right_wrist"]')
for camera in active fixed; do
    from=(--init-other "$out/draft-$camera" --episodes "$out/episodes-$camera")
    sapave train stage2 --out "$out/${camera}_wrist" "${doing[@]}" "${from[@]}" "${wrists[@]}"
done
sapave train stage2 --out "$out/fixed" "${doing[@]}" --init-other "$out/draft-fixed" --episodes "$out/episodes-fixed"

sapave eval --suite activemanip --arms active active_wrist fixed fixed_wrist --out "$out/eval" \
    --checkpoint "$out/active" --fixed-checkpoint "$out/fixed" \
    --wrist-checkpoint "$out/active_wrist" --fixed-wrist-checkpoint "$out/fixed_wrist"
