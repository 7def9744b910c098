"""Shelf of backbones: each module offers BACKBONE."""
