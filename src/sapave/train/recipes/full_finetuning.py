"""Ablation of the paper: no camera adapter, the language model's own blocks learn in stage 1.

They are frozen again in stage 2, as the adapter is. The rate is lower than the adapter's, which would be too high for
pretrained weights (not tuned).
"""

from sapave.train.recipes._recipe import Recipe, without

RECIPE = Recipe(
    doc="all weights of the language model instead of LoRA in stage 1 ('without camera adapter')",
    changes={"adapter": "full"},
    stages=without(stage1={"lr": 5e-4}),
)
