"""Episodes and views on disk, and how they are made."""
