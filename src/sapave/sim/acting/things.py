"""The expert for things: pick, pick and place."""

from sapave.sim.experts import Expert

EXPERT = Expert
