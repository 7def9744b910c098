"""Shelf of spatial encoders: each module offers SPATIAL_ENCODER."""
