"""Shelf of recipes: whole trainings, stage after stage. Each module offers RECIPE."""
