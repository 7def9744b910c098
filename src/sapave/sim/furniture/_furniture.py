"""What a piece of furniture is, and the materials that pieces share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import numpy as np

if TYPE_CHECKING:
    from sapave.sim.furniture._articulated import Articulation

RGB = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Furniture:
    """A piece, built into the world from boxes; static, unless it has an articulation."""

    name: str
    add: Callable[[mujoco.MjsBody, Palette, np.random.Generator], None]
    """Adds the piece to a body whose origin is the piece's documented anchor."""
    articulation: Articulation | None = None
    """How it opens, for pieces with a drawer or a door."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Names of materials (defined once per world) and plain colours of one kitchen."""

    worktop: str
    front: str
    wall: str
    wood: str
    accent: RGB


def box(
    body: mujoco.MjsBody,
    pos: tuple[float, float, float],
    half: tuple[float, float, float],
    *,
    rgb: RGB = (0.8, 0.8, 0.8),
    material: str = "",
    solid: bool = True,
) -> None:
    """A box geom with half sizes [m]; not solid means drawn only."""
    bits = (1, 3) if solid else (0, 0)
    geom = body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=pos,
        size=half,
        contype=bits[0],
        conaffinity=bits[1],
        friction=[1.0, 0.01, 0.0005],
        condim=4,
        solref=[0.01, 1],
        solimp=[0.9, 0.98, 0.002, 0.5, 2],
    )
    if material:
        geom.material = material
    else:
        geom.rgba = (*rgb, 1.0)


def add_material(
    spec: mujoco.MjSpec, name: str, rgb: RGB, other: RGB, *, kind: str = "speckle", repeat: float = 4.0
) -> str:
    """Define a material: `speckle` (stone), `checker` (tiles) or `flat`; returns its name."""
    builtin = mujoco.mjtBuiltin.mjBUILTIN_CHECKER if kind == "checker" else mujoco.mjtBuiltin.mjBUILTIN_FLAT
    mark = mujoco.mjtMark.mjMARK_RANDOM if kind == "speckle" else mujoco.mjtMark.mjMARK_NONE
    spec.add_texture(
        name=f"{name}_texture",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=builtin,
        mark=mark,
        rgb1=rgb,
        rgb2=other,
        markrgb=other,
        random=0.08,
        width=64,
        height=64,
    )
    material = spec.add_material(name=name, texrepeat=[repeat, repeat], texuniform=True)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = f"{name}_texture"
    return name


def jitter(rgb: RGB, g: np.random.Generator, amount: float = 0.06) -> RGB:
    """A colour near `rgb`."""
    r, gr, b = np.clip(np.asarray(rgb) + g.uniform(-amount, amount, 3), 0.02, 1.0)
    return float(r), float(gr), float(b)
