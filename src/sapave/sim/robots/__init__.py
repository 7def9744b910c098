"""Shelf of robots: each module offers ROBOT."""
