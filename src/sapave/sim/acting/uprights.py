"""The expert that stands lying things up: takes them from above, turns the wrist, sets them down on their foot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sapave.base.mirror import mirror_point
from sapave.sim.acting._upright import UprightPlanner, lying_grasps
from sapave.sim.carrying import CarryPlan, Plan
from sapave.sim.experts import Expert
from sapave.sim.sight import WELL_SEEN, free_share, in_frame
from sapave.sim.situation import State
from sapave.sim.skills import Grasp, gaze
from sapave.sim.tasks.reorient import TOLERANCE, tilt
from sapave.sim.turns import straightened

if TYPE_CHECKING:
    from sapave.sim.world import World

NEARLY = 0.45
"""A thing in the hand leaning less than this is set down [rad]."""
ASLANT = 0.3
"""A thing that would end up leaning more than this is turned again, also on the last stretch [rad]."""


class UprightExpert(Expert):
    """Privileged expert of `reorient`. `ok` is False while no plan exists."""

    planner: UprightPlanner

    def __init__(
        self, world: World, rng: np.random.Generator, *, noise: float = 0.0, wait_for_view: bool = True
    ) -> None:
        super().__init__(world, rng, noise=noise, wait_for_view=wait_for_view)
        self.planner = UprightPlanner(world)
        self._failed: np.ndarray | None = None
        """[3] the upward axis in the hand for which there was no way to put the thing down."""

    def _find(self, centre: np.ndarray, sides: Sequence[str], thorough: bool) -> tuple[Plan, CarryPlan | None] | None:
        self.planner.lost = 0
        return super()._find(centre, sides, thorough)

    def _grasps(self, centre: np.ndarray, side: str) -> list[list[Grasp]]:
        axis, radius = self.planner.axis(), self.world.target.radius
        return lying_grasps(mirror_point(axis) if side == "right" else axis, radius)

    def _placed(self, state: State) -> bool:
        """Does it stand, or is it where the hand may let go?"""
        world = self.world
        spot, leans = self.planner.spot, tilt(world, world.target.name)
        offset = world.position(world.target.name) - spot
        height = float(offset[2]) - world.target.half_height
        if self.carry is not None and np.abs(state.arm - self.carry.carry.points[-1]).max() < 0.03:
            return float(np.hypot(offset[0], offset[1])) < 0.055 and height < 0.06 and leans < NEARLY
        return leans < TOLERANCE and height < 0.012 and (self.plan is None or self._closure(state.hand) < 0.5)

    def _visible(self) -> bool:
        world, name = self.world, self.world.target.name
        centre, axis = world.position(name), self.planner.axis()
        across = np.cross(axis, centre - world.data.cam_xpos[world.model.camera("head").id])
        across *= world.target.radius / max(float(np.linalg.norm(across)), 1e-6)
        long = world.target.half_height * axis
        points = np.array([centre + a * long + b * across for a in (-0.7, 0.0, 0.7) for b in (-0.7, 0.0, 0.7)])
        head = world.controller.head
        return in_frame(head, points) and free_share(world.model, world.data, head, points, self._body) >= WELL_SEEN

    def _gaze(self, state: State) -> np.ndarray:
        held = state.holding and self.plan is not None and self._closure(state.hand) > 0.9
        if self._elsewhere is None and (held or state.placed):
            return gaze(self.planner.spot + np.array([0.0, 0.0, self.world.target.half_height]))
        return super()._gaze(state)

    def _update_carry(self, state: State) -> None:
        """As for any carried thing, but it is not upright yet."""
        plan, carry = self.plan, self.carry
        if plan is None or carry is None or self._closure(state.hand) < 0.97:
            return
        otherwise = self._otherwise(plan, carry, state)
        if otherwise is None and self._ends_aslant(plan.side, carry, ASLANT):
            otherwise = self._in_hand(), self._up_in_hand(plan.side)
        if otherwise is None:
            return
        offset, up = otherwise
        if self._failed is not None and np.linalg.norm(up - self._failed) < 0.2:
            return
        _, rotation = self.planner.tip(plan.side, state.arm)
        turned = straightened(rotation, up)
        found = self.planner.stand(plan, offset, turned, state.arm, up)
        self.carry, self._failed = found or carry, None if found else up


EXPERT = UprightExpert
