"""PourLiquid: more than 80 % of what was in the vessel is in the other one, little beside it, the vessel upright again
or nearly so, for 2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.layout_pour import sample_pouring
from sapave.sim.tasks._task import Stage, Task, still
from sapave.sim.tasks.reorient import tilt

if TYPE_CHECKING:
    from sapave.sim.world import World

POURED = 0.80
"""More than this share of the liquid has to be in the target (paper)."""
SPILLED = 0.10
"""At most this share of it may be in neither vessel ("little spilled" of the paper, in a number of ours)."""
TURNED_BACK = np.deg2rad(45.0)
"""The vessel leans less than this when the pouring is over [rad]."""
LIFTED = 0.03
"""Height above where it stood at which the vessel counts as lifted [m]."""


def shares(world: World) -> dict[str, float]:
    """Shares of the liquid that are in the target (`poured`) and in neither vessel (`spilled`)."""
    assert world.goal is not None
    there = world.drops.inside(world, world.goal.name)
    here = world.drops.inside(world, world.target.name)
    return {"poured": float(there.mean()), "spilled": float((~there & ~here).mean())}


def _reached(world: World) -> bool:
    assert world.goal is not None
    now = shares(world)
    done = now["poured"] > POURED and now["spilled"] <= SPILLED
    return done and tilt(world, world.target.name) < TURNED_BACK and still(world, world.goal.name)


def _flows(world: World) -> bool:
    return shares(world)["poured"] > 0.0


TASK = Task(
    name="pour_liquid",
    templates={
        "train": (
            "pour the {object} into the {goal}",
            "empty the {object} into the {goal}",
            "pour what is in the {object} into the {goal}",
            "tip the {object} out into the {goal}",
            "take the {object} and pour it into the {goal}",
            "please pour the {object} into the {goal}",
            "pick up the {object} and empty it into the {goal}",
            "fill the {goal} from the {object}",
        ),
        "val": ("could you pour the {object} into the {goal}", "please empty the {object} into the {goal}"),
        "test": (
            "can you pour everything from the {object} into the {goal}",
            "pour the contents of the {object} into the {goal}",
            "grab the {object} and tip it into the {goal}",
        ),
        "paraphrase": (
            "I would like what is in the {object} to be in the {goal}",
            "let the {object} run out into the {goal}",
            "the {goal} should get everything that the {object} holds",
            "transfer the drink from the {object} to the {goal}",
            "would you mind emptying the {object}, the {goal} is there for it",
            "nothing should be left in the {object}, put it in the {goal}",
            "decant the {object} into the {goal}",
            "go find the {object}, then pour it out over the {goal}",
            "see that the liquid in the {object} ends up in the {goal}",
            "serve the {object} in the {goal}",
            "the {goal} is empty, use the {object}",
        ),
    },
    has_goal=True,
    seconds=24.0,
    reached=_reached,
    suite="activemanip",
    arrange=sample_pouring,
    pours=True,
    measures=shares,
    stages=(
        Stage(name="grasped", reached=lambda world: world.held(world.target.name)),
        Stage(name="lifted", reached=lambda world: world.lift(world.target.name) > LIFTED),
        Stage(name="pouring", reached=_flows),
    ),
    expert="pour",
)
