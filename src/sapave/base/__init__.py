"""The words everyone shares; needs numpy and the standard library only."""
