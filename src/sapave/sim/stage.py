"""A kitchen with a single thing in it: to try an object, one's own too, without giving it a home in a scene."""

from __future__ import annotations

import numpy as np

from sapave.base import seeds
from sapave.base.shelf import pick
from sapave.base.types import EpisodeSpec
from sapave.sim.layout import Layout, Standing
from sapave.sim.objects._family import Thing
from sapave.sim.world import World


def stage(thing: Thing, *, seed: int = 0, scene: str = "studio") -> World:
    """The world of a `pick` in which `thing` (named thing0) stands alone on the front counter; the seed says where."""
    g = seeds.rng(seed, "stage", thing.model or thing.family.name)
    room = pick("sapave.sim.scenes", "SCENE", scene)
    place = room.places[str(g.choice(["front_left", "front_right"]))]
    xy = g.uniform(place.low, place.high)
    yaw = float(np.sign(xy[1]) * g.uniform(*thing.family.yaws))
    standing = Standing(thing=thing, place=place, xy=(float(xy[0]), float(xy[1])), yaw=yaw)
    layout = Layout(
        scene=room,
        standings=(standing,),
        goal=None,
        occluder=None,
        instruction=f"pick up the {thing.colour} {thing.model or thing.family.name.replace('_', ' ')}",
    )
    return World(EpisodeSpec(task="pick", condition="unoccluded", seed=seed, attempt=0, scene=scene), layout=layout)


def picks(world: World) -> bool:
    """Does the expert lift the thing and hold it for 2 s? Nothing is rendered; the head stays where it is."""
    from sapave.sim.experts import Expert

    expert = Expert(world, np.random.default_rng(0), wait_for_view=False)
    while not world.done:
        chunk = expert.act()
        for head, other in zip(chunk.head[:8], chunk.other[:8], strict=True):
            world.tick(head, other)
    return world.outcome().success_held
