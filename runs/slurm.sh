#!/usr/bin/env bash
# Trains a stage on the machines of a Slurm job; a requeued or repeated job goes on at the last saved state.
# Usage: sbatch --nodes=4 --gpus-per-node=8 runs/slurm.sh stage1 --views ... --out /shared/stage1 --accumulate 32
#        (what `sapave train` takes; --accumulate a multiple of all GPUs; --out and --cache in a shared folder)
#SBATCH --job-name=sapave
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:-$(dirname "$0")/..}"
if [ -f .venv/bin/activate ]; then
    source .venv/bin/activate
fi
export OMP_NUM_THREADS=1

first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 20000))
srun torchrun --nnodes="$SLURM_JOB_NUM_NODES" --nproc-per-node="${SLURM_GPUS_ON_NODE:-1}" \
    --rdzv-id="$SLURM_JOB_ID" --rdzv-backend=c10d --rdzv-endpoint="$first:$port" \
    -m sapave train "$@"
