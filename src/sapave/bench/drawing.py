"""Does this machine draw what the machine drew that certified the lists? A fingerprint of pictures, made at once.

Another renderer (EGL on a GPU, another Mesa) may set single pixels differently, which no policy should mind; another
version of the world or of MuJoCo may draw other things. So a few fixed views are kept as a digest of every pixel, and
small, to say how far apart two machines are: `same`, `close` or `different`. `python -m sapave.bench.drawing` tells
what this machine draws; with `--write` it keeps that from now on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sapave.base.runs import write_json
from sapave.base.types import EpisodeSpec
from sapave.bench.lists import KITCHENS
from sapave.bench.protocol import current

if TYPE_CHECKING:
    from sapave.sim.world import World

SMALL = (8, 11)
"""Height and width of the kept pictures; 176 x 128 px fall into blocks of 16."""
CLOSE_MEAN, CLOSE_LARGEST = 0.2, 8
"""Mean and largest difference of two drawings of the same thing, over the blocks of all pictures [levels of 255].

Measured (docs/renderers.md): the same software through EGL or OSMesa draws the same bits; two other rasterisers come to
0.027 and 5, the 5 where two surfaces coincide. An object that is gone comes to 17 or more in every view that shows it,
targets moved by 1 cm or 10 % darker to 13 or more; 1 % less light, a lens 0.25 degrees wider or brighter textures to
0.26 or more in the mean.
"""
SEEDS = (2_000_001, 2_000_002, 2_000_003)
TASKS = {KITCHENS: ("pick", "pick_and_place"), "activemanip": ("pick", "open_drawer", "open_cabinet")}
"""Suite -> tasks whose first picture is kept, one per seed and condition `unoccluded`."""


def path() -> Path:
    """Where the fingerprints of all suites are kept."""
    return Path(str(files("sapave.bench"))) / "drawings.json"


def worlds(suite: str) -> Iterator[World]:
    """The world of each fixed view of a suite, closed after use; KeyError for an unknown one."""
    from sapave.sim.world import World

    for task in TASKS[suite]:
        for seed in SEEDS:
            world = World(EpisodeSpec(task=task, condition="unoccluded", seed=seed, attempt=0, suite=suite))
            yield world
            world.close()


def pictures(suite: str) -> Iterator[np.ndarray]:
    """uint8 [H, W, 4] colour and depth (in 2 cm) of each fixed view of a suite; KeyError for an unknown one."""
    for world in worlds(suite):
        seen = world.observe()
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


def verdict(found: dict[str, Any]) -> str:
    """`same`, `close` (single pixels: results may be compared) or `different`, given what `compared` found."""
    if found["same"]:
        return "same"
    return "close" if found["mean"] <= CLOSE_MEAN and found["largest"] <= CLOSE_LARGEST else "different"


def told(found: dict[str, Any]) -> str:
    """One line for people, given what `compared` found."""
    if not found:
        return "no fingerprint of pictures is kept for this suite"
    here, kept = found["renderer"]
    words = {"same": "the same as", "close": "close to", "different": "different from"}[verdict(found)]
    figures = "" if found["same"] else f": mean {found['mean']}, largest {found['largest']} of 255"
    return f"pictures are {words} those that the lists were certified with ({here} against {kept}{figures})"


def reasons_against(found: dict[str, Any]) -> list[str]:
    """Why results may not be compared, given what `compared` found."""
    if not found or verdict(found) != "different":
        return []
    here, kept = found["renderer"]
    return [
        f"this machine draws other pictures ({here or 'the system OpenGL'}) than the one that certified the lists "
        f"({kept}): difference of {found['mean']} in the mean and {found['largest']} at most, another renderer of the "
        f"same world stays within {CLOSE_MEAN} and {CLOSE_LARGEST} of 255; check MuJoCo, MUJOCO_GL=osmesa and the "
        "objects' files"
    ]


def main() -> None:
    """Tell how this machine draws, or write the fingerprints of all suites."""
    from sapave.sim.gl import ensure_gl

    parser = argparse.ArgumentParser(prog="python -m sapave.bench.drawing", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep what this machine draws as the fingerprint")
    write = parser.parse_args().write
    ensure_gl()
    if write:
        write_json(path(), {suite: drawn(suite) for suite in TASKS})
        return
    for suite in TASKS:
        print(f"{suite}: {told(compared(suite))}")


if __name__ == "__main__":
    main()
