"""The other side of peers.py: robosuite's PickPlace, run by the interpreter of its own virtual environment.

Reads one command a line (`reset N`, `soft N`, `steps N`, `lite`, `about`) and answers each with one line of JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["MUJOCO_GL"] = "osmesa"

WIDTH, HEIGHT, CONTROL_HZ = 176, 128, 20
CAMERA = "agentview"


def clock(work: Callable[[], Any], count: int) -> dict[str, list[float]]:
    """CPU and wall seconds of each of `count` calls."""
    cpu, wall = [], []
    for _ in range(count):
        begin = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - begin[0])
        wall.append(time.perf_counter() - begin[1])
    return {"cpu": cpu, "wall": wall}


def lite(xml: str) -> str:
    """The same scene without shadows and multisampling."""
    start = xml.index("<mujoco")
    at = xml.index(">", start) + 1
    return xml[:at] + '<visual><quality shadowsize="0" offsamples="0"/></visual>' + xml[at:]


def make(**options: Any) -> Any:
    """robosuite's PickPlace with the Panda as its users make it: colour and depth of one camera with every step."""
    suite = importlib.import_module("robosuite")
    return suite.make(
        "PickPlace",
        robots="Panda",
        has_renderer=False,
        has_offscreen_renderer=True,
        use_camera_obs=True,
        camera_names=CAMERA,
        camera_widths=WIDTH,
        camera_heights=HEIGHT,
        camera_depths=True,
        control_freq=CONTROL_HZ,
        ignore_done=True,
        **options,
    )


def about(env: Any) -> dict[str, Any]:
    """What is compared: versions, sizes, settings."""
    observation = env.reset()
    quality = env.sim.model._model.vis.quality
    return {
        "robosuite": importlib.import_module("robosuite").__version__,
        "mujoco": importlib.import_module("mujoco").__version__,
        "python": sys.version.split()[0],
        "image": list(observation[f"{CAMERA}_image"].shape),
        "depth": list(observation[f"{CAMERA}_depth"].shape),
        "control_s": env.control_timestep,
        "physics_s": env.model_timestep,
        "geoms": int(env.sim.model._model.ngeom),
        "shadowsize": int(quality.shadowsize),
        "offsamples": int(quality.offsamples),
    }


def main() -> None:
    """Answer commands until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # robosuite talks on standard output
    chance = importlib.import_module("numpy").random.default_rng(0)
    env = make()
    low, high = env.action_spec

    def step() -> None:
        observation = env.step(chance.uniform(low, high))[0]
        assert observation[f"{CAMERA}_image"].shape == (HEIGHT, WIDTH, 3)

    for line in sys.stdin:
        command, count = [*line.split(), "1"][:2]
        found: dict[str, Any] = {}
        if command == "about":
            found = about(env)
        elif command == "lite":
            env.set_xml_processor(lite)
            found = about(env)
        elif command == "steps":
            env.reset()
            step()  # the first step after a reset is not counted, on either side
            found = clock(step, int(count))
        elif command in ("reset", "soft"):
            env.hard_reset = command == "reset"
            found = clock(env.reset, int(count))
            env.hard_reset = True
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
