"""Shelf of all who can act: each module offers POLICY."""
