"""Instruction templates, disjoint by split."""
