"""The world of the committed lists is the world of today; any change of it raises the protocol version."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from sapave.base.types import EpisodeSpec
from sapave.sim.world import World

WORLDS = {
    ("pick", "unoccluded", 7): "34de50b3dcee",
    ("pick", "occluded", 1_000_004): "6873ea6feaa3",
    ("pick", "out_of_view", 2_000_011): "769e8abb9256",
    ("pick_and_place", "unoccluded", 2_000_005): "5c61c5b82df5",
    ("pick_and_place", "occluded", 9): "fd223b15003f",
    ("pick_and_place", "out_of_view", 1_000_002): "6ea5d2eb623d",
}
"""Task, condition, seed -> digest of the compiled model and of how things stand at the start."""


def fingerprint(world: World) -> str:
    """12 digits of what the episode is: words, shapes, places (to a hundredth of a millimetre)."""
    model, digest = world.model, hashlib.sha256(world.instruction.encode())
    numbers = (model.geom_size, model.geom_pos, model.geom_rgba, model.body_pos, model.body_mass, world.data.qpos)
    for values in (*numbers, model.geom_friction, model.actuator_gainprm, model.jnt_range, model.light_pos):
        digest.update((np.round(np.asarray(values, float), 5) + 0.0).tobytes())
    return digest.hexdigest()[:12]


@pytest.mark.parametrize("spec", WORLDS)
def test_the_world_is_the_one_of_the_lists(spec: tuple[str, str, int]) -> None:
    task, condition, seed = spec
    world = World(EpisodeSpec(task=task, condition=condition, seed=seed))
    found = fingerprint(world)
    world.close()
    assert found == WORLDS[spec], (
        f"{task}/{condition} seed {seed}: the world has changed; if that is meant, raise PROTOCOL_VERSION "
        "(bench/protocol.py), certify the lists again, and write the new digests here"
    )
