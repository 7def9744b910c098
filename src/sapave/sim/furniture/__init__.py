"""Shelf of furniture: each module offers FURNITURE."""
