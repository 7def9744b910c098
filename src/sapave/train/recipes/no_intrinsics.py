"""Without one geometry input: intrinsics.

Without them no measured point is exact: the pointer lifts with the points that the spatial encoder guesses.
"""

from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="what is lost without intrinsics?",
    changes={"hidden": ("intrinsics",)},
)
