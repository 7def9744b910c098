"""Shelf of scenes: each module offers SCENE."""
