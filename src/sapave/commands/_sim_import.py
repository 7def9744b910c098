"""`sapave sim import ASSET`: a user's own mesh becomes an object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from sapave.commands._command import read_config

SUMMARY = "make an object of your own OBJ, GLB or STL mesh"


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """Options of `sapave sim import`."""

    asset: tyro.conf.Positional[Path]
    """The mesh file: .obj, .glb or .stl, closed."""
    name: str = ""
    """What people call it; empty: the file's name."""
    colour: str = "grey"
    """A named colour, e.g. red, silver, brown."""
    scale: float = 1.0
    """Metres per unit of the file: 0.001 for millimetres."""
    up: str = ""
    """Axis of the file that points up: x, y or z; empty: y for .glb, as that format says, else z."""
    density: float = 400.0
    """Mass per volume [kg/m^3]; 400 is about that of hollow household things."""
    out: Path | None = None
    """Folder to write; default assets/NAME."""


def run(arguments: list[str]) -> None:
    """Read the options, import, and say what was made."""
    config = read_config(ImportConfig, arguments, "sim import", SUMMARY)
    from sapave.sim.gl import ensure_gl

    ensure_gl(required=False)
    import numpy as np

    from sapave.sim import assets

    asset = assets.import_asset(
        config.asset,
        name=config.name,
        colour=config.colour,
        scale=config.scale,
        up=config.up or ("y" if config.asset.suffix.lower() == ".glb" else "z"),
        density=config.density,
    )
    folder = config.out or Path("assets") / asset.name.replace(" ", "_")
    assets.save_asset(asset, folder)
    x, y, z = 100 * np.diff(asset.mesh.bounds, axis=0)[0]
    print(
        f"{asset.name}: {x:.1f} x {y:.1f} x {z:.1f} cm, {1000 * asset.mass:.0f} g, {len(asset.mesh.faces)} triangles, "
        f"{len(asset.parts)} convex parts"
    )
    if not assets.family_of(asset).graspable:
        print(f"one hand cannot take it: it spans up to {100 * assets.SPAN:.0f} cm, and things at least 3 cm high")
    print(folder)
