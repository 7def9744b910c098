"""Shelf of tasks: each module offers TASK."""
