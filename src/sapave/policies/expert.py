"""The scripted expert as a policy: it reads exact poses from the simulator, so it is a ceiling and not a rival."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sapave.base.seeds import rng
from sapave.base.types import ActionChunk, Observation
from sapave.policies._entry import PolicyEntry

if TYPE_CHECKING:
    from sapave.sim.acting._expert import Acting


class ExpertPolicy:
    """Looks first, then acts by inverse kinematics; a feedback rule of the state of the world it is bound to."""

    def __init__(self, *, noise: float = 0.0) -> None:
        """`noise`: spread of the noise added to each increment [rad]."""
        self.noise = noise
        self._seed = 0
        self._expert: Acting | None = None

    def reset(self, seed: int) -> None:
        """Forget the last world; the next one's chance comes from `seed`."""
        self._seed = seed
        self._expert = None

    def bind(self, world: Any) -> None:
        """Plan for this world."""
        from sapave.sim.acting._expert import expert_for

        self._expert = expert_for(world, rng(self._seed, "expert"), noise=self.noise)

    def act(self, observation: Observation | None) -> ActionChunk:
        """The expert's next 16 rows; ValueError before `bind`."""
        if self._expert is None:
            raise ValueError("expert: no world yet; call bind(world) after reset(seed)")
        return self._expert.act(observation)


POLICY = PolicyEntry(
    name="expert",
    doc="Scripted expert with exact poses: the ceiling, and the certificate of the episode lists.",
    make=ExpertPolicy,
    needs_images=False,
)
