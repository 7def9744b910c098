"""Plans for standing a lying thing up: grasps from above along its axis, and the turn of the hand that rights it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sapave.base.mirror import mirror_arm, mirror_point, mirror_rotation
from sapave.sim.carrying import HEADINGS, NOMINAL, SEEDS, CarryPlan, Plan
from sapave.sim.ik import solve
from sapave.sim.planning import Planner
from sapave.sim.skills import GENTLE, PALM_DEPTH, QUICK, THUMB_ASIDE, Grasp, Path
from sapave.sim.turns import lean_down, straightened, turn_z
from sapave.sim.world import World

ALONG = (0.0, 0.012)
"""The hand takes hold this far beyond the middle, toward the top [m]: nearer to the top (measured at 0.03) the swinging
thumb pushes the thing out along its axis."""
TURNS = (0.0, 0.2, -0.2, 0.4, -0.4)
"""The fingers cross the axis at a right angle, or off it by so much [rad]."""
OUTWARD = 0.4
"""Where the fingers point outward by more than so much [rad], on the wings, the hand closes gently; in front the quick
hand loses less (measured)."""
SLIM, THICKER = (0.028, 0.55), 50.0
"""The thumb waits until the fingers are about to touch: for a thing of this radius [m] until they are closed by this
share, and less by so much per metre for a thicker one. A thumb that comes first pushes the thing out from under the
palm; fingers that come first roll it towards the wrist."""
STANDING = np.concatenate([HEADINGS, [0.7, 0.9, 1.1, 1.35, 1.6, 1.9]])
"""Headings of the fingers about z at the place to stand [rad]: a bottle turns by half a radian in the closing hand, and
then only the outward ones are in reach."""
LEANS = (0.0, 0.15, 0.3)
"""How far the thing may lean towards the fingers when it is put down [rad]; straight is tried first."""
MAX_LOST = 100
"""After so many grasps to which, or from which, no way was found a search is given up: a fallen thing that no hand can
stand up again would cost minutes."""
MAX_SPOTS = 4
"""So many places are tried for a thing that sits in the hand otherwise than planned."""
FREE = 0.11
"""Least distance of the place to stand from the middle of other things [m]."""
ELSEWHERE = ((0.27, 0.20), (0.29, 0.13), (0.26, 0.06), (0.24, 0.27), (0.33, 0.20))
"""(x, distance from the middle) of more places to stand on the front counter [m]."""


@dataclass(frozen=True, kw_only=True)
class LyingGrasp(Grasp):
    """A hand that meets a lying thing from above, its thumb toward the top."""

    axis: tuple[float, float, float] = (0.0, -1.0, 0.0)
    """From the thing's middle to its top, in the frame of the left hand's world."""
    along: float = 0.0
    """How far the hand is shifted along the axis [m]."""

    def position(self, centre: np.ndarray, extent: Callable[[np.ndarray], float]) -> np.ndarray:
        """Grasp point [3] m; what counts is how thick the thing is across its axis."""
        rotation, axis = self.rotation(), np.asarray(self.axis)
        across = rotation[:, 1] - (rotation[:, 1] @ axis) * axis
        thickness = extent(across / np.linalg.norm(across))
        ahead = np.cross([0.0, 0.0, 1.0], axis)
        length = extent(-ahead if ahead @ rotation[:, 0] > 0 else ahead)
        offset = np.array([-self.reach - 1.6 * (length - 0.03), thickness + self.gap - PALM_DEPTH, 0.0])
        return centre + self.along * axis + rotation @ offset + np.array([0.0, 0.0, self.height])


def lying_grasps(axis: np.ndarray, radius: float) -> list[list[Grasp]]:
    """Grasps of the left hand for a thing of `radius` [m] whose axis [3] points to its top, in groups, the best
    first."""
    ahead = float(np.arctan2(axis[1], axis[0])) + np.pi / 2
    ahead = (ahead + np.pi) % (2 * np.pi) - np.pi
    x, y, z = axis.tolist()
    waits = float(np.clip(SLIM[1] - THICKER * (radius - SLIM[0]), 0.0, 0.7))
    return [
        [
            LyingGrasp(
                yaw=ahead + turn, pitch=pitch, tilt=tilt, reach=reach, approach=1.2, thumb=THUMB_ASIDE,
                closing=GENTLE if ahead > OUTWARD else QUICK, thumb_waits=waits, axis=(x, y, z), along=along,
            )
            for reach in (0.0, 0.008)
            for tilt in (1.4, 1.2, 1.57)
            for pitch in (0.3, 0.5, 0.15)
            for turn in TURNS
        ]
        for along in ALONG
    ]  # fmt: skip


class UprightPlanner(Planner):
    """Grasps the world's target as it lies and puts it down on its foot."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spots = self._free_spots()
        self.spot = self.spots[0]
        self.lost = 0
        """Ways that were not found in this search."""

    def axis(self) -> np.ndarray:
        """[3] the target's own upward axis in the base frame."""
        return self.world.body_pose(self.world.target.name)[:3, 2].copy()

    def righted(self, rotation: np.ndarray) -> np.ndarray:
        """The smallest turn of the hand that brings the top up."""
        return straightened(rotation, rotation.T @ self.axis())

    def plan(self, side: str, grasps: Sequence[Grasp], now: np.ndarray) -> tuple[Plan, CarryPlan | None] | None:
        """The first grasp after which there is a place to stand the thing on."""
        for spot in self.spots:
            if self.lost >= MAX_LOST:
                return None
            self.spot = spot
            found = super().plan(side, grasps, now)
            if found is not None:
                return found
        return None

    def plan_carry(
        self, plan: Plan, offset: np.ndarray, upright: np.ndarray, now: np.ndarray, *, up: np.ndarray = NOMINAL
    ) -> CarryPlan | None:
        """As for any carried thing, but hardly leaning: what leans falls over again."""
        base = upright if plan.side == "left" else mirror_rotation(upright)
        heading = float(np.arctan2(base[1, 0], base[0, 0]))
        turn = mirror_arm if plan.side == "right" else np.asarray
        starts = [plan.lift.points[-1], *(turn(seed) for seed in SEEDS[:2])]  # the turn is far: one start is too few
        for lean in LEANS:
            turned = np.stack([turn_z(h - heading) @ lean_down(base, lean) for h in STANDING])
            for start in starts:
                lifted = replace(plan, lift=Path(np.stack([plan.lift.points[0], start])))
                carry = self._carry_with(lifted, offset, turned, lean, now)
                if carry is not None:
                    return replace(carry, up=up)
        self.lost += 1
        return None

    def stand(
        self, plan: Plan, offset: np.ndarray, upright: np.ndarray, now: np.ndarray, up: np.ndarray
    ) -> CarryPlan | None:
        """`plan_carry` for a thing in the hand, to where it was to go or, failing that, to another free place."""
        first = self.spot
        for spot in [first, *(s for s in self.spots if s is not first)][:MAX_SPOTS]:
            self.spot = spot
            carry = self.plan_carry(plan, offset, upright, now, up=up)
            if carry is not None:
                return carry
        self.spot = first
        return None

    def _way(self, side, turn, before, pre, rotation, grasp, now) -> list[np.ndarray] | None:
        if self.lost >= MAX_LOST:
            return None
        found = super()._way(side, turn, before, pre, rotation, grasp, now)
        self.lost += found is None
        return found

    def _free_spots(self) -> list[np.ndarray]:
        """[3] m: where it lies, then other free places on the counter in front, those on its side first."""
        world, standing = self.world, self.world.layout.standings[0]
        others = [world.position(t.name)[:2] for t in world.things if t is not world.target]
        if world.layout.occluder is not None:
            others.append(np.asarray(world.layout.occluder[:2]))
        sign = 1.0 if standing.xy[1] > 0 else -1.0
        top = world.layout.scene.places["front_left"].z
        spots = [np.array([*standing.xy, standing.place.z])]
        spots += [np.array([x, sign * y, top]) for x, y in ELSEWHERE]
        return spots[:1] + [s for s in spots[1:] if all(np.linalg.norm(s[:2] - o) > FREE for o in others)]

    def _can_put(self, side: str, grasps: Sequence[Grasp], extent: Callable[[np.ndarray], float]) -> list[Grasp]:
        """Those grasps with which the hand could also stand there with the thing upright."""
        flip = mirror_point if side == "right" else np.asarray
        centre, axis = flip(self.world.position(self.world.target.name)), flip(self.axis())
        down = flip(self.spot) + np.array([0, 0, self.world.target.half_height])
        headings = HEADINGS[[0, 1, 2, 3, 4, 5, 7, 9, 11]]
        rotations, offsets = [], []
        for grasp in grasps:
            up = straightened(grasp.rotation(), grasp.rotation().T @ axis)
            heading = float(np.arctan2(up[1, 0], up[0, 0]))
            rotations += [turn_z(h - heading) @ up for h in headings]
            offsets += [grasp.rotation().T @ (centre - grasp.position(centre, extent))] * len(headings)
        turned = np.array(rotations)
        goals = down - (turned @ np.array(offsets)[..., None])[..., 0]
        reached = np.zeros(len(goals), bool)
        for seed in SEEDS[:4]:
            left = np.flatnonzero(~np.repeat(reached.reshape(len(grasps), -1).max(1), len(headings)))
            seeds = np.tile(seed, (len(left), 1))
            reached[left] = solve(self.chain, self.limits, goals[left], turned[left], seeds, iterations=20)[1]
        return [g for g, ok in zip(grasps, reached.reshape(len(grasps), -1).max(1), strict=True) if ok]
