"""No stage 0: nothing is known of words and pictures before looking is taught.

An adapter on random frozen weights would ask nothing, so the whole backbone learns in stage 1 instead, pointer
included, and there is no LoRA. It is frozen from then on, as ever. `anew` changes nothing on this road; it lets the
stage begin at a checkpoint that has learned to see (`--begin stage1 --init`) for the sake of its spatial encoder alone.
"""

from sapave.train.presets import PRESETS
from sapave.train.recipes._recipe import Recipe, without

RECIPE = Recipe(
    doc="no grounding before looking: the backbone learns from scratch in stage 1",
    changes={"adapter": "none"},
    stages=without(
        "stage0",
        "stage0b",
        stage1={"trains": ("backbone", "head_decoder"), "anew": ("backbone",), "lr": PRESETS["stage0"].lr},
    ),
)
