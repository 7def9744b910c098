"""Where there is room for one more thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sapave.sim.layout import Layout
from sapave.sim.scenes._scene import Place

TRIES = 40


def taken(layout: Layout) -> list[np.ndarray]:
    """[3] m: where things, goal and occluder of a layout are, to keep away from."""
    points = [np.array([*s.xy, s.place.z]) for s in layout.standings]
    for unit in layout.units:  # drawers and cabinets, in worlds that have them
        points += unit.footprint()
    if layout.goal is not None:
        points.append(np.asarray(layout.goal.position))
    if layout.occluder is not None:
        points.append(np.array([*layout.occluder[:2], layout.standings[0].place.z]))
    return points


def free_spot(
    places: Sequence[Place], occupied: Sequence[np.ndarray], spacing: float, g: np.random.Generator
) -> tuple[Place, tuple[float, float]] | None:
    """A random place and (x, y) [m] in it, `spacing` m from all `occupied` [3] m; None when none was found."""
    for _ in range(TRIES if places else 0):
        place = places[int(g.integers(len(places)))]
        x, y = g.uniform(place.low, place.high)
        if place.mirrored and g.uniform() < 0.5:
            y = -y
        at = np.array([x, y, place.z])
        if all(np.linalg.norm(at - np.asarray(other)) > spacing for other in occupied):
            return place, (float(x), float(y))
    return None
