"""Shelf of the command line: each module offers COMMAND and imports its room only when it runs."""
