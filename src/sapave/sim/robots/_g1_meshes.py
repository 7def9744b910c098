"""Shows the real shells of the G1 from the `robot_descriptions` package; the kinematics stay as they are."""

from __future__ import annotations

import mujoco

from sapave.sim.robots._parts import GROUP

HIDDEN_GROUP = 3


def show_meshes(spec: mujoco.MjSpec) -> None:
    """Hang the mesh geoms of robot_descriptions' G1 on the links of the same names, and hide the primitives there.

    ValueError when the package or its G1 is not installed. Software rendering is about ten times slower with them.
    """
    try:
        from robot_descriptions import g1_mj_description  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ValueError(
            "meshes=True: the package 'robot_descriptions' with its G1 is not installed; "
            "try `pip install robot_descriptions` (it downloads the meshes once) or leave meshes off"
        ) from error
    source = mujoco.MjSpec.from_file(g1_mj_description.MJCF_PATH)
    folder = f"{source.modelfiledir}/{source.meshdir}".rstrip("/")
    meshes = {mesh.name: mesh for mesh in source.meshes}
    known = {body.name: body for body in spec.bodies}
    added: set[str] = set()
    for body in source.bodies:
        shells = [g for g in body.geoms if g.type == mujoco.mjtGeom.mjGEOM_MESH and "hand" not in g.meshname]
        if body.name not in known and body.name.removesuffix("_link") not in known:
            continue
        mine = known.get(body.name) or known[body.name.removesuffix("_link")]
        if not shells:
            continue
        for geom in mine.geoms:
            geom.group = HIDDEN_GROUP
        for geom in shells:
            if geom.meshname not in added:
                mesh = meshes[geom.meshname]
                spec.add_mesh(name=geom.meshname, file=f"{folder}/{mesh.file}", scale=mesh.scale)
                added.add(geom.meshname)
            shell = mine.add_geom(
                type=mujoco.mjtGeom.mjGEOM_MESH, meshname=geom.meshname, pos=geom.pos, quat=geom.quat, rgba=geom.rgba
            )
            shell.group, shell.contype, shell.conaffinity, shell.mass = GROUP, 0, 0, 0.0
