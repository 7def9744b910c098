"""`sapave sim`: film an episode while the expert (or any policy) plays it, or watch it live in the browser.

`sapave sim import ASSET` and `sapave sim sheet` have files of their own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from sapave.commands._command import Command, read_config

if TYPE_CHECKING:
    import numpy as np

    from sapave.sim.world import World

SUMMARY = "film a scene while the expert plays it, or watch it live in the browser; import a mesh; draw all objects"
MORE = {"import": "sapave.commands._sim_import", "sheet": "sapave.commands._sim_sheet"}
"""Words after `sapave sim` that do something else, and the modules that do it."""
HELP = """film a scene while the expert plays it, or watch it live in the browser

also: `sapave sim import ASSET` makes an object of your own mesh, `sapave sim sheet` draws every object"""


@dataclass(frozen=True, kw_only=True)
class SimConfig:
    """Options of `sapave sim`."""

    task: str = "pick"
    """A name of `sapave list tasks`."""
    condition: str = "out_of_view"
    """unoccluded | occluded | out_of_view: how the target is hidden at the start."""
    seed: int = 0
    """Root of all chance in the episode."""
    scene: str = ""
    """A name of `sapave list scenes`; empty lets the seed choose."""
    suite: str = "kitchens"
    """kitchens | activemanip | two_hands: whose scenes may be drawn; drawers and cabinets are in the last two."""
    policy: str = "expert"
    """A name of `sapave list policies`."""
    camera: str = "active"
    """active | fixed: whether the head may move."""
    object: Path | None = None
    """Folder of an imported object (`sapave sim import`): it stands alone on the counter and is picked."""
    axis: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Axes of `sapave list axes` to play under: `--axis light --axis latency=3`."""
    out: Path = Path("runs/sim")
    """Folder of the film (mp4) and its first picture (png)."""
    live: bool = False
    """Show the episode in the browser in real time; nothing is filmed."""
    port: int = 8080
    """Port of the live view."""


class Shown:
    """A world that shows each tick in the browser and keeps real time."""

    def __init__(self, world: World, port: int) -> None:
        """Open the live view of `world`."""
        from sapave.base.types import CONTROL_DT
        from sapave.sim.live import Live

        self._world = world
        self._live = Live(world.model, port=port)
        self._period = CONTROL_DT
        self._due = time.monotonic()
        self._live.update(world.data, f"**{world.instruction}**")

    def __getattr__(self, name: str) -> Any:
        """Everything else is the world's own."""
        return getattr(self._world, name)

    def tick(self, head: np.ndarray, other: np.ndarray) -> None:
        """One control tick, shown, at 25 Hz or slower."""
        world = self._world
        world.tick(head, other)
        seen = world.visible_fraction()
        self._live.update(world.data, f"**{world.instruction}**\n\n{world.time:.1f} s, target visible {seen:.0%}")
        self._due += self._period
        wait = self._due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        else:
            self._due = time.monotonic()


def simulate(config: SimConfig) -> Path | None:
    """Play one episode; the film's path, or None when it was shown live. KeyError or ValueError for wrong names."""
    from sapave.base.runs import atomic
    from sapave.base.shelf import pick
    from sapave.base.types import CONTROL_DT, EpisodeSpec
    from sapave.bench import film
    from sapave.bench.rollout import play
    from sapave.sim.world import World

    if config.camera not in ("active", "fixed"):
        raise ValueError(f"camera '{config.camera}': expected active or fixed")
    entry = pick("sapave.policies", "POLICY", config.policy)
    spec = EpisodeSpec(
        task=config.task,
        condition=config.condition,
        seed=config.seed,
        scene=config.scene,
        suite=config.suite,
        camera=config.camera,
    )
    if config.object is None:
        world = World(spec, axes=config.axis)
    else:
        world = _with_object(config.object, config)
    print(f"{world.spec.task}, {world.spec.condition}, seed {world.spec.seed}, {world.spec.scene}: {world.instruction}")
    stage: Any = Shown(world, config.port) if config.live else world
    record = play(stage, entry.make(), film=not config.live, needs_images=entry.needs_images)
    outcome = record.outcome
    ending = "success" if outcome.success_held else f"failure ({outcome.failure})"
    print(f"{ending} after {outcome.steps * CONTROL_DT:.1f} s, head travel {outcome.head_travel:.2f} rad")
    if config.live:
        input("press Enter to close the live view: ")
        return None
    assert record.film is not None
    frames = film.side_by_side(record.film)
    condition = config.condition if config.object is None else config.object.name
    stem = "-".join((config.policy, config.task, condition, str(config.seed), *config.axis))
    path = config.out / f"{stem}.mp4"
    with atomic(path) as partial:
        partial.write_bytes(film.encode(frames))
    from PIL import Image

    with atomic(config.out / f"{stem}.png") as partial:
        Image.fromarray(frames[0]).save(partial, format="png")
    print(path)
    return path


def _with_object(folder: Path, config: SimConfig) -> World:
    """A kitchen with an imported object in it; ValueError for what does not go together."""
    from sapave.sim.assets import family_of, load_asset
    from sapave.sim.objects._family import make_thing
    from sapave.sim.stage import stage

    if config.task != "pick":
        raise ValueError(f"--object goes with the task 'pick', found '{config.task}'")
    family = family_of(load_asset(folder))
    if not family.graspable:
        raise ValueError(f"{folder}: one hand cannot take it (8 cm wide at most, 3 cm high at least)")
    return stage(make_thing("thing0", family, family.colours[0], 0), seed=config.seed, scene=config.scene or "studio")


def run(arguments: list[str]) -> None:
    """Read the options and play."""
    if arguments and arguments[0] in MORE:
        import_module(MORE[arguments[0]]).run(arguments[1:])
        return
    config = read_config(SimConfig, arguments, "sim", HELP)
    from sapave.sim.gl import ensure_gl

    ensure_gl()
    simulate(config)


COMMAND = Command(name="sim", summary=SUMMARY, run=run)
