"""Colour alone: no depth, intrinsics or pose, and no spatial tokens: `no_spatial` taken strictly.

The pointer lifts with points that the spatial encoder guesses from the picture.
"""

from sapave.model.config import GEOMETRY
from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="no spatial tokens, and no depth, intrinsics or pose for the pointer either: colour alone",
    changes={"injection": "none", "hidden": GEOMETRY},
)
