"""One episode being simulated: built from its spec, ticked at 25 Hz, observed, measured and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import mujoco
import numpy as np

from sapave.base import seeds
from sapave.base.shelf import pick
from sapave.base.types import CONTROL_DT, EpisodeSpec, Geometry, Observation, Outcome
from sapave.sim import cameras, conditions, liquid
from sapave.sim.axes._axis import Change, settings
from sapave.sim.control import Controller, set_physics
from sapave.sim.furniture.house_plant import add_plant
from sapave.sim.gaze import head_at
from sapave.sim.judge import Judge
from sapave.sim.layout import Goal, Layout, sample_layout
from sapave.sim.lying import lying_quat
from sapave.sim.objects._family import Thing, add_thing
from sapave.sim.robots._robot import Robot
from sapave.sim.scenes._scene import put
from sapave.sim.tasks._task import Task
from sapave.sim.units import Unit, add_unit

MAX_ATTEMPTS = 60
SETTLE_TICKS = 4


class World:
    """A simulated episode. Same spec, same bits, on any worker and in any order."""

    def __init__(
        self,
        spec: EpisodeSpec,
        *,
        width: int = 176,
        height: int = 128,
        robot: str = "g1",
        axes: Sequence[str] = (),
        layout: Layout | None = None,
    ) -> None:
        """Build the episode; raises ValueError when no candidate layout measures as the condition asked for.

        `axes`: names of the shelf sim/axes, as `light` or `latency=3`; the condition is measured without them.
        A given `layout` is taken as it is (with spec.attempt >= 0): for things that stand in no scene.
        """
        self._given = layout
        self.width, self.height = width, height
        self.robot: Robot = pick("sapave.sim.robots", "ROBOT", robot)
        self.task: Task = pick("sapave.sim.tasks", "TASK", spec.task)
        if spec.condition not in conditions.CONDITIONS:
            raise KeyError(f"unknown condition '{spec.condition}' (there are: {', '.join(conditions.CONDITIONS)})")
        chosen = settings(axes)
        if chosen and spec.attempt < 0:
            plain = World(spec, width=width, height=height, robot=robot)
            plain.close()
            spec = plain.spec
        self.changes: tuple[Change, ...] = tuple(s.at_work(spec.seed) for s in chosen)
        if spec.attempt >= 0:
            self._build(spec, spec.attempt)
            self._find_gaze()
        else:
            for attempt in range(MAX_ATTEMPTS):
                self._build(spec, attempt)
                if conditions.measures_as(self, spec.condition):
                    break
                self.close()
            else:
                raise ValueError(
                    f"episode {spec.task}/{spec.condition} seed {spec.seed}: none of {MAX_ATTEMPTS} candidate layouts "
                    f"measures as '{spec.condition}'; try another seed or leave the scene free"
                )
        self._start()

    def _build(self, spec: EpisodeSpec, attempt: int) -> None:
        layout = self._given or sample_layout(spec, attempt)
        for change in self.changes:
            layout = change.layout(layout, self.task)
        self.spec = replace(spec, attempt=attempt, scene=layout.scene.name)
        self.layout: Layout = layout
        self.things: tuple[Thing, ...] = tuple(s.thing for s in layout.standings)
        self.units: tuple[Unit, ...] = layout.units
        self.target: Thing | Unit = self.things[0] if self.task.needs == "thing" else self.units[0]
        self.content: Thing | None = self.things[0] if self.task.fetches else None
        """What is to be taken out of the target, when that is a unit."""
        self.goal: Goal | None = layout.goal
        self.instruction = layout.instruction
        description = build_spec(layout, self.robot, spec.seed)
        for change in self.changes:
            change.edit(description, layout)
        self.model = description.compile()
        self.data = mujoco.MjData(self.model)
        self.controller = Controller(self.model, self.data, self.robot)
        self._eye: cameras.Eye | None = None
        self._spare: mujoco.MjData | None = None
        self.best_gaze: np.ndarray | None = None
        self._bodies = {t.name: self.model.body(t.name).id for t in (*self.things, *self.units)}
        self.instances = {t.name: i + 1 for i, t in enumerate(self.things)} | {"tray": 100}
        self.instances |= {u.name: 101 + i for i, u in enumerate(self.units)}
        if self.goal is not None and self.goal.name == "tray":
            self._bodies["tray"] = self.model.body("tray").id
        self._geoms = {
            name: frozenset(np.flatnonzero(self.model.geom_bodyid == body).tolist())
            for name, body in self._bodies.items()
        }
        root = self.model.body("torso_link").id
        self._robot_bodies = self.model.body_rootid == self.model.body_rootid[root]
        self.drops = liquid.Drops(self.model, layout.liquid)
        """The liquid; none in most worlds."""
        self._dof = {t.name: self.model.joint(f"{t.name}_free").dofadr[0] for t in self.things}
        self.controller.reset(self.start_head(), self.robot.rest_other)
        for unit in self.units:
            self.data.joint(unit.joint).qpos[:] = unit.start
        for change in self.changes:
            change.start(self)
        for _ in range(SETTLE_TICKS if layout.liquid is None else liquid.SETTLE_TICKS):
            self.controller.tick()
        self.data.time = 0.0
        self._height0 = {t.name: float(self.position(t.name)[2]) for t in self.things}

    def _start(self) -> None:
        self.steps = 0
        self.judge = Judge(self)

    def _find_gaze(self) -> None:
        with head_at(self.model, self.data, self.robot.rest_head):
            pass  # where things are now, not a step ago: the same bits as when the condition is measured
        self.best_gaze = conditions.best_gaze(self, self.target.name)

    def start_head(self) -> np.ndarray:
        """Head pose [2] rad (yaw, pitch) at the start: the default, or random for training."""
        if self.spec.start == "default":
            return self.robot.rest_head.copy()
        if self.spec.start != "random":
            raise ValueError(f"start '{self.spec.start}': expected 'default' or 'random'")
        g = seeds.rng(self.spec.seed, "start", self.spec.attempt)
        return np.clip(g.uniform((-1.2, -1.0), (1.2, 0.25)), *self.robot.head_limits.T)

    @property
    def eye(self) -> cameras.Eye:
        """The renderer of this model, made at first use."""
        if self._eye is None:
            self._eye = cameras.Eye(self.model)
        return self._eye

    @property
    def spare_data(self) -> mujoco.MjData:
        """A second state of this model to pose things in, made at first use."""
        if self._spare is None:
            self._spare = mujoco.MjData(self.model)
        return self._spare

    def close(self) -> None:
        """Free GL buffers; safe to call twice."""
        if self._eye is not None:
            self._eye.close()
            self._eye = None

    def pose_arms(self, other: np.ndarray) -> None:
        """Put arms and hands at other [26] rad without physics (for pictures)."""
        self.controller.reset(self.controller.head, other)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    @property
    def time(self) -> float:
        """Seconds since the start."""
        return self.steps * CONTROL_DT

    @property
    def done(self) -> bool:
        """Has the goal state held for 2 s, or is the time over?"""
        return self.judge.held or self.time >= self.task.seconds

    def tick(self, head: np.ndarray, other: np.ndarray) -> None:
        """One control tick (40 ms) with increments head [2] and other [26] rad; ValueError on NaN or wrong shape."""
        if self.spec.camera == "fixed":
            head = np.zeros(2)
        for change in self.changes:
            change.tick(self)
        self.controller.apply(head, other)
        self.controller.tick()
        self.steps += 1
        self.judge.update()

    def observe(self, names: tuple[str, ...] = ("head",)) -> Observation:
        """What the robot senses now; one render per camera name."""
        past = (change.sensed(self) for change in self.changes)
        data = next((found for found in past if found is not None), self.data)
        rgb, known = {}, {}
        for name in names:
            image, depth = self.eye.look(data, name, self.width, self.height)
            index = cameras.camera_id(self.model, name)
            rgb[name] = image
            known[name] = Geometry(
                depth=depth,
                intrinsics=cameras.intrinsics_of(self.model, index, self.width, self.height).astype(np.float32),
                base_from_camera=cameras.base_from_camera(data, index).astype(np.float32),
            )
        head, other = self.controller.measured(data)
        seen = Observation(
            rgb=rgb,
            geometry=known,
            head=head.astype(np.float32),
            head_target=self.controller.targets_head.astype(np.float32),
            other=other.astype(np.float32),
            other_target=self.controller.targets_other.astype(np.float32),
            instruction=self.instruction,
            time=self.time,
        )
        for change in self.changes:
            seen = change.observe(self, seen)
        return seen

    def render(self, camera: str = "outside", width: int = 320, height: int = 240) -> np.ndarray:
        """RGB uint8 [H, W, 3] of any camera (`outside`, `head`, `left_wrist`, `right_wrist`)."""
        return self.eye.look(self.data, camera, width, height)[0]

    def segment(self, camera: str = "head") -> np.ndarray:
        """Instance ids uint8 [H, W]: i + 1 for thing i, 100 for the tray, 101 + i for the handle of unit i, else 0."""
        bodies = self.eye.bodies(self.data, camera, self.width, self.height)
        out = np.zeros(bodies.shape, np.uint8)
        for name, body in self._bodies.items():
            out[bodies == body] = self.instances[name]
        return out

    def visible_fraction(self, name: str | None = None, segment: np.ndarray | None = None) -> float:
        """Share of the pixels a thing would cover, unobstructed and on an endless image, that the head sees."""
        return conditions.visible_fraction(self, name or self.target.name, segment)

    def position(self, name: str) -> np.ndarray:
        """Centre [3] m of a thing, or of the handle of a unit."""
        return self.data.xpos[self._bodies[name]].copy()

    def body_pose(self, name: str) -> np.ndarray:
        """Pose [4, 4] of a thing in the base frame."""
        pose = np.eye(4)
        pose[:3, :3] = self.data.xmat[self._bodies[name]].reshape(3, 3)
        pose[:3, 3] = self.data.xpos[self._bodies[name]]
        return pose

    def geoms(self, name: str) -> frozenset[int]:
        """Geom ids of a thing or of the tray."""
        return self._geoms[name]

    def velocity(self, name: str) -> np.ndarray:
        """Linear velocity [3] m/s of a thing, or of the handle of a unit."""
        if name not in self._dof:
            value, rate = self.joint(name)
            unit = next(u for u in self.units if u.name == name)
            return (unit.handle(value + 1e-4)[0] - unit.handle(value)[0]) * 1e4 * rate
        start = self._dof[name]
        return self.data.qvel[start : start + 3].copy()

    def lift(self, name: str) -> float:
        """How far a thing is above where it stood, or a handle away from where it was, at the start [m]."""
        if name not in self._height0:
            unit = next(u for u in self.units if u.name == name)
            return float(np.linalg.norm(self.position(name) - unit.handle(unit.start)[0]))
        return float(self.position(name)[2]) - self._height0[name]

    def joint(self, name: str) -> tuple[float, float]:
        """Where the joint of a unit is and how fast it moves: m and m/s for a drawer, rad and rad/s for a door."""
        joint = self.data.joint(f"{name}_joint")
        return float(joint.qpos[0]), float(joint.qvel[0])

    def held(self, name: str) -> bool:
        """Does the robot touch the thing?"""
        contact = self.data.contact.geom
        if len(contact) == 0:
            return False
        bodies = self.model.geom_bodyid[contact]
        mine = bodies == self._bodies[name]
        return bool(np.any(mine.any(1) & self._robot_bodies[bodies].any(1)))

    def supported(self, name: str) -> bool:
        """Does the thing touch something that is not the robot?"""
        bodies = self.model.geom_bodyid[self.data.contact.geom]
        mine = (bodies == self._bodies[name]).any(1)
        return bool(np.any(mine & ~self._robot_bodies[bodies].any(1)))

    def robot_touches(self) -> bool:
        """Does the robot touch anything, itself included?"""
        return bool(self._robot_bodies[self.model.geom_bodyid[self.data.contact.geom]].any())

    def set_down(self, name: str, position: np.ndarray) -> None:
        """Set a thing down at rest with its centre at position [3] m; it counts as standing there from now on."""
        free = self.model.joint(f"{name}_free")
        if name == self.target.name:
            self.drops.carry(self, name, position - self.position(name))
        self.data.qpos[free.qposadr[0] : free.qposadr[0] + 3] = position
        self.data.qvel[self._dof[name] : self._dof[name] + 6] = 0.0
        self._height0[name] = float(position[2])
        mujoco.mj_kinematics(self.model, self.data)

    def outcome(self) -> Outcome:
        """How the episode went so far."""
        return self.judge.outcome()


def build_spec(layout: Layout, robot: Robot, seed: int) -> mujoco.MjSpec:
    """The MuJoCo description of a layout with the robot in it."""
    g = seeds.rng(seed, "scene", layout.scene.name)
    spec = mujoco.MjSpec()
    set_physics(spec)
    quality = spec.visual.quality
    quality.offsamples, quality.shadowsize = 0, 0
    quality.numslices, quality.numstacks, quality.numquads = 14, 8, 1
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 8.0
    spec.stat.extent = 1.0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1024, 768
    palette = layout.scene.build(spec, g)
    robot.add(spec)
    for standing in layout.standings:
        z = standing.place.z + standing.height + 0.001
        pose = lying_quat(standing.thing.shape) if standing.lies else None
        add_thing(spec, standing.thing, np.array([*standing.xy, z]), standing.yaw, pose)
    if layout.liquid is not None:
        liquid.add_drops(spec, layout.liquid, layout.standings[0])
    if layout.goal is not None and layout.goal.name == "tray":
        from sapave.sim.furniture import tray

        body = spec.worldbody.add_body(name="tray", pos=layout.goal.position - np.array([0, 0, tray.TOP]))
        tray.FURNITURE.add(body, palette, g)
    for unit in layout.units:
        add_unit(spec, unit, palette)
    if layout.plant is not None:
        add_plant(spec.worldbody.add_body(name="plant"), layout.plant.pot, layout.plant.leaves, layout.plant.size, g)
    if layout.occluder is not None:
        x, y, yaw = layout.occluder
        put(spec, "cereal_box", palette, g, (x, y, layout.standings[0].place.z + 0.001), yaw=yaw)
    spec.worldbody.add_camera(
        name="outside", pos=(0.62, -1.15, 1.62), xyaxes=_look_at((0.62, -1.15, 1.62), (0.14, 0.02, 0.97)), fovy=48
    )
    return spec


def _look_at(eye: tuple, at: tuple) -> list[float]:
    forward = np.asarray(at, float) - np.asarray(eye, float)
    forward /= np.linalg.norm(forward)
    x = np.cross(forward, (0, 0, 1.0))
    x /= np.linalg.norm(x)
    return [*x, *np.cross(x, forward)]
