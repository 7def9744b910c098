"""Ablation of the paper: no spatial tokens are injected.

The pointer, which the paper does not have, still lifts what it sees into space with depth, intrinsics and pose; the
spatial encoder serves it alone. `no_geometry` takes that away too.
"""

from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="no spatial tokens in the hybrid tokens ('without spatial injection'); the pointer keeps its geometry",
    changes={"injection": "none"},
)
