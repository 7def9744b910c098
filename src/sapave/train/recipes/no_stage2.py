"""Ablation of the paper: no active-manipulation fine-tuning of a frozen, aligned model.

Only stage 2 trains arms and hands, so it cannot just be left out: stage 1 does its work too, all in one go. Adapter and
both decoders learn together from the mixture of views and episodes, and nothing is frozen behind them. Memory and
directions looked in are off: only cached episodes, row after row, teach them, and here the tokens are never frozen.
"""

from dataclasses import replace

from sapave.train.presets import PRESETS
from sapave.train.recipes._recipe import Recipe, without

_ONE, _TWO = PRESETS["stage1"], PRESETS["stage2"]
JOINT = replace(
    _ONE,
    stage="joint",
    trains=("adapter", "head_decoder", "other_decoder"),
    losses=(*_TWO.losses, ("draft", 1.0), ("pointer", 0.3), ("presence", 0.1)),
    images=64,
    views_share=0.125,  # with four instructions an image, about as many rows of either kind as the stages it replaces
    steps=_ONE.steps + _TWO.steps,
)

RECIPE = Recipe(
    doc="one joint stage instead of two: what is gained by freezing what looking has learned? ('without stage 2')",
    changes={"memory": False, "search": False},
    stages=(*without("stage1", "draft", "stage2"), JOINT),
)
