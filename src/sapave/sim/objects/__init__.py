"""Shelf of object families: each module offers FAMILY."""
