"""Without one geometry input: the camera's pose.

The head's joints stay in the state, so the decoders can still tell where it points. What is gone is the camera's pose
in the spatial tokens and in the pointer's lifting, the pointer's turn, which is the head's short cut, and the record of
directions looked in.
"""

from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="what is lost without the camera's pose?",
    changes={"hidden": ("pose",)},
)
