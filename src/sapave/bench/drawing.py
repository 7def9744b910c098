"""Does this machine draw what the machine drew that certified the lists? A fingerprint of pictures, made at once.

Another renderer (EGL on a GPU, another Mesa) sets single pixels differently, which no policy should mind; another
version of the world or of MuJoCo may draw other things. So a few fixed views are kept as a digest of every pixel, and
small, to say how far apart two machines are. `python -m sapave.bench.drawing` writes them anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from sapave.base.runs import write_json
from sapave.base.types import EpisodeSpec
from sapave.bench.lists import KITCHENS
from sapave.bench.protocol import current

SMALL = (8, 11)
"""Height and width of the kept pictures; 176 x 128 px fall into blocks of 16."""
CLOSE = 1.0
"""Largest mean difference of two drawings of the same thing [levels of 255]: what edges may differ by (our choice; EGL
has not been held against OSMesa yet)."""
SEEDS = (2_000_001, 2_000_002, 2_000_003)
TASKS = {KITCHENS: ("pick", "pick_and_place"), "activemanip": ("pick", "open_drawer", "open_cabinet")}
"""Suite -> tasks whose first picture is kept, one per seed and condition `unoccluded`."""


def path() -> Path:
    """Where the fingerprints of all suites are kept."""
    return Path(str(files("sapave.bench"))) / "drawings.json"


def pictures(suite: str) -> Iterator[np.ndarray]:
    """uint8 [H, W, 4] colour and depth (in 2 cm) of each fixed view of a suite; KeyError for an unknown one."""
    from sapave.sim.world import World

    for task in TASKS[suite]:
        for seed in SEEDS:
            world = World(EpisodeSpec(task=task, condition="unoccluded", seed=seed, attempt=0, suite=suite))
            seen = world.observe()
            world.close()
            depth = seen.geometry["head"].depth
            assert depth is not None
            yield np.dstack([seen.rgb["head"], np.clip(depth * 50, 0, 255).astype(np.uint8)])


def drawn(suite: str) -> dict[str, Any]:
    """The fingerprint of a suite as this machine draws it."""
    digest, small = hashlib.sha256(), []
    for picture in pictures(suite):
        digest.update(picture.tobytes())
        height, width = (size // count for size, count in zip(picture.shape, SMALL, strict=False))
        blocks = picture[: SMALL[0] * height, : SMALL[1] * width].reshape(SMALL[0], height, SMALL[1], width, 4)
        small.append(np.round(blocks.mean((1, 3))).astype(np.uint8))
    return {
        "renderer": os.environ.get("MUJOCO_GL", ""),
        "mujoco": current().mujoco,
        "digest": digest.hexdigest()[:16],
        "small": np.stack(small).tobytes().hex(),
    }


def compared(suite: str) -> dict[str, Any]:
    """How this machine's drawing of a suite differs from the kept one.

    `same`: every pixel is; `mean`, `largest`: difference of the small pictures [levels of 255]; `renderer`: what drew
    each. Empty for a suite of which none is kept.
    """
    kept = json.loads(path().read_text()).get(suite) if path().is_file() else None
    if kept is None:
        return {}
    here = drawn(suite)
    a, b = (np.frombuffer(bytes.fromhex(d["small"]), np.uint8).astype(int) for d in (here, kept))
    apart = np.abs(a - b) if a.shape == b.shape else np.array([255])
    return {
        "same": here["digest"] == kept["digest"],
        "mean": round(float(apart.mean()), 3),
        "largest": int(apart.max()),
        "renderer": [here["renderer"], kept["renderer"]],
    }


def reasons_against(found: dict[str, Any]) -> list[str]:
    """Why results may not be compared, given what `compared` found."""
    if not found or found["mean"] <= CLOSE:
        return []
    return [
        f"this machine draws other pictures than the one that certified the lists (mean difference {found['mean']} of "
        f"255, at most {CLOSE} for another renderer of the same world); check MuJoCo, MUJOCO_GL and the objects' files"
    ]


def main() -> None:
    """Write the fingerprints of all suites."""
    from sapave.sim.gl import ensure_gl

    ensure_gl()
    write_json(path(), {suite: drawn(suite) for suite in TASKS})


if __name__ == "__main__":
    main()
