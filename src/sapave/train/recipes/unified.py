"""Ablation of the paper: one decoder for head and arms as a single stream."""

from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="one decoder of 28 dimensions instead of one for the head and one for the rest ('without decoupled head')",
    changes={"decoders": "unified"},
)
