"""The same decoders without flow matching: the chunk is regressed in one step from nothing but the context."""

from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="plain regression of the chunks instead of flow matching",
    changes={"time": "start", "still": 1.0, "draws": 1, "steps": 1},
)
