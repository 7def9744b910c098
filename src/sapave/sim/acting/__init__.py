"""Shelf of experts: each module offers EXPERT, a class (world, rng, *, noise, wait_for_view); see `_expert.py`."""
