"""Two cameras more: arms and hands are moved by what the wrists see as well (the paper's arms with wrist cameras)."""

from sapave.base.types import WRISTS
from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="arms and hands look through the wrist cameras as well; episodes of `sapave collect --wrists`",
    changes={"extra_cameras": WRISTS},
)
