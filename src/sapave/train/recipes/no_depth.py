"""Without one geometry input: depth.

Depth remains the target that the spatial encoder learns to guess from the picture (stage `spatial`), never an input.
"""

from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="what is lost without depth?",
    changes={"hidden": ("depth",)},
)
