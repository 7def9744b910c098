"""Our own training, which every ablation is compared with."""

from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(doc="our own training, all stages: what the ablations are compared with")
