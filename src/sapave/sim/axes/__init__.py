"""Shelf of generalisation axes: each module offers AXIS, one way in which an episode may differ from training."""
