"""SaPaVe: a robot that looks before and while it acts."""

__version__ = "0.1.0"
