"""A user's own mesh as an object: read, checked, split into convex parts, written as a plain folder, and read again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sapave.base.runs import atomic, write_json
from sapave.sim.objects._build import skin
from sapave.sim.objects._family import COLOURS, MESH, NATURAL, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import Mesh

FORMAT = "sapave-object-1"
KINDS = (".obj", ".glb", ".stl")
MAX_FACES = 20_000
"""Software OpenGL draws this many in about 10 ms."""
SIZES = (0.01, 0.5)
"""Least and largest extent of an object [m]."""
SPAN = 0.08
"""A hand spans this much [m]."""
LEAST_HEIGHT = 0.03
"""Lower things cannot be taken from a counter [m]."""
UP = {
    "z": np.eye(3),
    "y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "x": np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]),
}
"""object_from_file for each axis of the file that points up."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An imported object: the drawn mesh and its convex parts about the centre of its bounds, z up."""

    name: str
    colour: str
    mesh: Mesh
    parts: tuple[Mesh, ...]
    mass: float
    """[kg]"""
    source: str = ""


def read_mesh(path: Path, *, scale: float = 1.0, up: str = "z") -> Mesh:
    """A closed mesh from an OBJ, GLB or STL file, centred, z up, in metres; small holes are filled.

    ValueError in one line for what cannot be used: kind, empty, not closed, too many faces, too large or small.
    """
    if path.suffix.lower() not in KINDS:
        raise ValueError(f"{path}: found '{path.suffix}', expected one of {', '.join(KINDS)}")
    if not path.is_file():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    if up not in UP:
        raise ValueError(f"--up: found '{up}', expected x, y or z")
    if not scale > 0:
        raise ValueError(f"--scale: found {scale}, expected more than 0")
    import trimesh

    try:
        loaded = trimesh.load(path, force="mesh", process=False)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: cannot be read as {path.suffix[1:].upper()} ({' '.join(str(error).split())})"
        ) from error
    if not isinstance(loaded, trimesh.Trimesh) or len(loaded.faces) == 0:
        raise ValueError(f"{path}: found no triangles; export a mesh with faces")
    if len(loaded.faces) > MAX_FACES:
        raise ValueError(
            f"{path}: found {len(loaded.faces)} triangles, expected at most {MAX_FACES}; reduce it in a mesh editor"
        )
    if not np.isfinite(loaded.vertices).all():
        raise ValueError(f"{path}: found coordinates that are not finite; export it again")
    found = _closed(path, trimesh.Trimesh(loaded.vertices, loaded.faces, process=True))
    mesh = Mesh(np.asarray(found.vertices, float) * scale @ UP[up].T, np.asarray(found.faces, int))
    extent = np.diff(mesh.bounds, axis=0)[0]
    if extent.max() > SIZES[1] or extent.max() < SIZES[0]:
        fit = 0.1 / float(extent.max()) * scale
        raise ValueError(
            f"{path}: found {extent.max():.3g} m as its largest extent, expected {SIZES[0]} to {SIZES[1]} m; "
            f"try --scale 0.001 for a file in millimetres, or --scale {fit:.3g} for 10 cm"
        )
    return mesh.at(-mesh.bounds.mean(0))


def _closed(path: Path, mesh: Any) -> Any:
    """The mesh itself or repaired: corners joined, faces that repeat or have no area dropped, winding made the same
    everywhere, small holes filled."""
    from trimesh import repair

    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    mesh.update_faces(mesh.nondegenerate_faces() & mesh.unique_faces())
    mesh.remove_unreferenced_vertices()
    if not mesh.is_watertight:
        repair.fill_holes(mesh)
    edges = _open_edges(mesh)
    if edges:
        raise ValueError(
            f"{path}: found an open surface ({edges} of {len(mesh.edges_unique)} edges do not join exactly two faces), "
            "expected a closed one; close the holes or give the sheet a thickness in a mesh editor"
        )
    if not mesh.is_winding_consistent or mesh.volume < 0:
        repair.fix_normals(mesh, multibody=True)
    if not mesh.is_winding_consistent or mesh.volume <= 0:
        raise ValueError(f"{path}: found faces that look both ways; make its normals point outward in a mesh editor")
    return mesh


def _open_edges(mesh: Any) -> int:
    """Edges that do not belong to exactly two faces."""
    _, counts = np.unique(np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0, return_counts=True)
    return int(np.count_nonzero(counts != 2))


def convex_parts(mesh: Mesh, *, at_most: int = 16, threshold: float = 0.05) -> tuple[Mesh, ...]:
    """Approximate convex decomposition (CoACD, always the same); ValueError when the package is missing."""
    try:
        import coacd  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ValueError(
            "the package 'coacd' (convex parts of meshes) is not installed; run: pip install 'sapave[assets]'"
        ) from error
    coacd.set_log_level("error")
    found = coacd.run_coacd(
        coacd.Mesh(mesh.vertices, mesh.faces),
        threshold=threshold,
        max_convex_hull=at_most,
        seed=0,
        preprocess_mode="auto",
    )
    return tuple(Mesh(np.asarray(v, float), np.asarray(f, int)) for v, f in found)


def import_asset(
    path: Path, *, name: str = "", colour: str = "grey", scale: float = 1.0, up: str = "z", density: float = 400.0
) -> Asset:
    """Read, check and split a mesh file; `density` [kg/m^3] gives the mass. ValueError for what is wrong."""
    if colour not in COLOURS and colour not in NATURAL:
        raise ValueError(f"--colour: found '{colour}', expected one of {', '.join([*COLOURS, *NATURAL])}")
    if not density > 0:
        raise ValueError(f"--density: found {density}, expected more than 0 kg/m^3")
    mesh = read_mesh(path, scale=scale, up=up)
    return Asset(
        name=name or path.stem.replace("_", " "),
        colour=colour,
        mesh=mesh,
        parts=convex_parts(mesh),
        mass=float(np.clip(density * mesh.volume, 0.005, 5.0)),
        source=path.name,
    )


def save_asset(asset: Asset, folder: Path) -> None:
    """Write a folder with config.json (names, mass, inertia) and mesh.npz (plain arrays)."""
    arrays = {"vertices": asset.mesh.vertices, "faces": asset.mesh.faces}
    for i, part in enumerate(asset.parts):
        arrays |= {f"vertices_{i}": part.vertices, f"faces_{i}": part.faces}
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(folder / "mesh.npz") as partial, open(partial, "wb") as handle:
        np.savez_compressed(handle, **arrays)  # pyright: ignore[reportArgumentType]
    shape = shape_of(asset, (0.5, 0.5, 0.5))
    write_json(
        folder / "config.json",
        {
            "format": FORMAT,
            "name": asset.name,
            "colour": asset.colour,
            "source": asset.source,
            "mass_kg": asset.mass,
            "inertia_kg_m2": inertia(asset.mesh, asset.mass),
            "extent_m": np.diff(asset.mesh.bounds, axis=0)[0],
            "triangles": len(asset.mesh.faces),
            "convex_parts": len(asset.parts),
            "graspable": graspable(shape),
        },
    )


def inertia(mesh: Mesh, mass: float) -> np.ndarray:
    """Inertia [3, 3] kg m^2 about the centre of mass of a closed mesh of uniform density."""
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces], 1, 0)
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6.0
    centre = ((a + b + c) / 4 * volumes[:, None]).sum(0) / volumes.sum()
    corners = np.stack([a, b, c], 1) - centre
    a, b, c = np.moveaxis(corners, 1, 0)
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6.0
    total = corners.sum(1)
    second = np.einsum("n,nki,nkj->ij", volumes, corners, corners) + np.einsum("n,ni,nj->ij", volumes, total, total)
    second *= mass / volumes.sum() / 20.0
    return np.trace(second) * np.eye(3) - second


def load_asset(folder: Path) -> Asset:
    """An asset from its folder; ValueError when it is not one."""
    config = folder / "config.json"
    if not config.is_file():
        raise ValueError(f"{folder}: found no config.json, expected a folder written by `sapave sim import`")
    try:
        about = json.loads(config.read_text())
    except ValueError as error:
        raise ValueError(f"{config}: found no JSON ({error}); import the mesh again") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        found = about.get("format") if isinstance(about, dict) else None
        raise ValueError(f"{config}: found format '{found}', expected '{FORMAT}'; import the mesh again")
    with np.load(folder / "mesh.npz", allow_pickle=False) as arrays:
        meshes = [
            Mesh(arrays[f"vertices{end}"], arrays[f"faces{end}"])
            for end in ("", *(f"_{i}" for i in range(int(about["convex_parts"]))))
        ]
    return Asset(
        name=str(about["name"]),
        colour=str(about["colour"]),
        mesh=meshes[0],
        parts=tuple(meshes[1:]),
        mass=float(about["mass_kg"]),
        source=str(about["source"]),
    )


def shape_of(asset: Asset, rgb: RGB) -> Shape:
    """The body: the mesh is drawn and carries the mass, its convex parts are felt."""
    felt = [Part(shape=MESH, mesh=part, drawn=False, weight=0.0) for part in asset.parts]
    x, y, z = np.diff(asset.mesh.bounds, axis=0)[0] / 2
    return Shape(parts=(skin(asset.mesh, rgb), *felt), radius=float(min(x, y)), half_height=float(z), mass=asset.mass)


def graspable(shape: Shape) -> bool:
    """Can one hand span it, and is it high enough to be taken from a counter?"""
    return 2 * shape.radius <= SPAN and 2 * shape.half_height >= LEAST_HEIGHT


def family_of(asset: Asset) -> Family:
    """A family with this one object, to be used like any other."""

    def build(rgb: RGB, generator: np.random.Generator) -> Shape:
        return shape_of(asset, rgb)

    return Family(
        name=asset.name.replace(" ", "_"),
        nouns=(asset.name,),
        use="be picked up",
        colours=(asset.colour,),
        build=build,
        models=(Model(name=asset.name, material="unknown", build=build),),
        graspable=graspable(build((0.5, 0.5, 0.5), np.random.default_rng(0))),
    )
