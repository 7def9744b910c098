"""Ablation of the paper: no semantic active perception alignment.

The adapter stays as it began (LoRA that adds nothing), and the head learns to look in stage 2 alone, which gets the
steps that stage 1 would have had.
"""

from sapave.train.presets import PRESETS
from sapave.train.recipes._recipe import Recipe, without

_STEPS = PRESETS["stage1"].steps + PRESETS["stage2"].steps

RECIPE = Recipe(
    doc="does the head need to learn looking on views first? (the paper's 'without stage 1')",
    stages=without("stage1", stage2={"steps": _STEPS}),
)
