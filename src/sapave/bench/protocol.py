"""The benchmark's protocol in one place: what has to be the same before two results may be compared."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

PROTOCOL_VERSION = "3"
"""Raised whenever an old result could no longer be compared with a new one."""

CONDITIONS = ("unoccluded", "occluded", "out_of_view")
TASKS = ("pick", "pick_and_place")
EXECUTE = 8
"""Rows of a chunk of 16 that are played before the policy is asked again (0.32 s)."""

WORDS = (
    "Success held: the goal state lasted 2 s without a break (the headline). Success ever: it was reached at any time.",
    "Conditions are measured on the rendered segmentation at the start, head in its default pose: unoccluded = at "
    "least 60 % of the target's pixels visible; occluded = 5-40 % visible, and a reachable head motion shows at "
    "least 60 %; out of view = 0 pixels, within reach of the head.",
    "Control at 25 Hz: increments of 2 head and 26 arm and hand joint targets, clipped to each joint's speed. A chunk "
    "holds 16 rows; the policy is asked again after 8.",
    "Observation: one head camera (176 x 128, 90 x 65 degrees: colour, metric depth, intrinsics, pose), joint "
    "positions and targets, the instruction.",
    "Every listed episode was solved by the scripted expert before it entered the list. Scenes' seeds, objects' looks "
    "and wordings are disjoint from those trained on.",
    "Intervals are 95 %: Wilson for a rate; Tango's score interval for the paired difference of two arms, "
    "with McNemar's exact p.",
)


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a list or a result was made with."""

    protocol: str
    mujoco: str


def current() -> Stamp:
    """The stamp of this installation."""
    try:
        engine = version("mujoco")
    except PackageNotFoundError:
        engine = "absent"
    return Stamp(protocol=PROTOCOL_VERSION, mujoco=engine)


def stamp_problems(found: Stamp) -> tuple[str, ...]:
    """One line, with both versions, for each way in which `found` is not this installation's stamp."""
    here, problems = current(), []
    if found.protocol != here.protocol:
        problems.append(
            f"made for protocol {found.protocol}, this installation speaks protocol {here.protocol}; "
            "make it again with this version, or install the version that made it"
        )
    if found.mujoco != here.mujoco:
        problems.append(
            f"made with MuJoCo {found.mujoco}, installed is MuJoCo {here.mujoco}; outcomes differ between "
            f"them, so install mujoco=={found.mujoco} (or use --seeds A:B, which certifies fresh episodes)"
        )
    return tuple(problems)


def check_stamp(what: str, found: Stamp) -> None:
    """ValueError naming both sides when `what` was made under another protocol or another MuJoCo."""
    problems = stamp_problems(found)
    if problems:
        raise ValueError(f"{what}: {problems[0]}; --allow-mismatch plays it all the same, as not comparable")


def group_of(task: str) -> str:
    """The family of tasks whose column of the paper's Table 2 a task belongs to."""
    moving = ("drawer", "cabinet", "door")
    return "articulated" if any(word in task for word in moving) else "pick and place"
