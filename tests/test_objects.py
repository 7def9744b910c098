"""The shelf of objects keeps its rules: many, described, closed, light, standing still, as solid as they look."""

from __future__ import annotations

from collections import Counter

import mujoco
import numpy as np
import pytest

from sapave.base.shelf import shelf
from sapave.sim.extent import outline, support
from sapave.sim.objects import _family
from sapave.sim.objects._family import COLOURS, LOOKS, NATURAL, Family, Model, Thing, make_thing
from sapave.sim.objects._mesh import Mesh
from sapave.sim.sheet import contact_sheet, every_object, gathering

FAMILIES: dict[str, Family] = shelf("sapave.sim.objects", "FAMILY")
OBJECTS: list[tuple[Family, Model]] = [(family, model) for family in FAMILIES.values() for model in family.models]


@pytest.fixture(scope="module")
def things() -> list[Thing]:
    """One individual of every object."""
    return every_object()


@pytest.fixture(scope="module")
def row(things: list[Thing]) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """All of them in one model, standing in a row on a box."""
    model = gathering(things, spacing=0.5).compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def test_there_are_many_and_each_is_described() -> None:
    assert len(FAMILIES) >= 25 and len(OBJECTS) >= 100
    names = Counter(model.name for _, model in OBJECTS)
    assert [name for name, count in names.items() if count > 1] == []
    nouns = Counter(noun for family in FAMILIES.values() for noun in family.nouns)
    assert [noun for noun, count in nouns.items() if count > 1] == [], "a noun must name one family"
    for family in FAMILIES.values():
        assert len(family.models) >= 3 and len(family.nouns) >= 3 and family.use and family.grasp, family.name
        assert family.yaws[0] < family.yaws[1]
        assert set(family.colours) <= {*COLOURS, *NATURAL}
        for model in family.models:
            assert model.material and set(model.colours) <= {*COLOURS, *NATURAL}, model.name
            assert model.name not in COLOURS and model.name == model.name.strip().lower()


def test_listed_with_everything_that_is_known() -> None:
    for family in FAMILIES.values():
        details = family.details()
        assert {"nouns", "use", "colours", "graspable", "hollow", "grasp", "objects"} <= set(details)
        for entry in details["objects"]:
            assert entry["name"] and entry["colours"] and entry["material"] and entry["use"]
            assert 0.02 <= entry["mass_kg"] <= 1.0 and 0.01 < entry["width_m"] < 0.25, entry["name"]


def test_sizes_fit_the_hand_where_they_should() -> None:
    for family, model in OBJECTS:
        for look in (0, 41, 55):
            shape = make_thing("thing0", family, (model.colours or family.colours)[0], look, model=model.name).shape
            if family.graspable:
                assert 0.015 < shape.radius <= 0.04 and 0.015 < shape.half_height < 0.075, model.name
            else:
                assert 0.005 < shape.half_height < 0.1, model.name
            if family.hollow:
                assert shape.cavity is not None, model.name
            if shape.cavity is not None:
                assert shape.cavity.radius > 0.015 and shape.cavity.depth > 0.02 and 0.003 <= shape.cavity.wall < 0.01
                assert -shape.half_height < shape.cavity.floor < 0


def chosen(family: Family, colour: str, look: int) -> str:
    """Name of the model that a look stands for."""
    model = _family._model_of(family, colour, look)
    return model.name if model is not None else ""


def test_a_look_is_one_individual_and_splits_differ() -> None:
    for family in FAMILIES.values():
        colour = family.colours[0]
        one, same = (make_thing("thing0", family, colour, 7) for _ in range(2))
        assert one.model == same.model and one.shape.radius == same.shape.radius
        sizes: dict[str, set[tuple[float, float]]] = {}
        for split, (low, high) in LOOKS.items():
            shapes = [make_thing("thing0", family, colour, look).shape for look in range(low, high, 3)]
            sizes[split] = {(shape.radius, shape.half_height) for shape in shapes}
        assert not sizes["train"] & sizes["test"] and not sizes["val"] & sizes["test"], family.name
        if family.build is None:
            early = {chosen(family, c, look) for c in family.colours for look in range(0, 50)}
            assert family.models[-1].name not in early, "the last model is kept for the test split"
            late = {chosen(family, c, look) for c in family.colours for look in range(50, 60)}
            assert family.models[-1].name in late, family.name


def test_a_wrong_model_gets_the_right_names() -> None:
    with pytest.raises(KeyError, match="did you mean 'camping mug'"):
        make_thing("thing0", FAMILIES["mug"], "red", 0, model="campng mug")


def test_meshes_are_closed_and_light(things: list[Thing]) -> None:
    for thing in things:
        total = 0
        for part in thing.shape.parts:
            if part.mesh is None:
                continue
            total += len(part.mesh.faces)
            edges = part.mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
            once, counts = np.unique(edges, axis=0, return_counts=True)
            assert counts.max() == 1, f"{thing.model}: faces that look both ways"
            assert {tuple(e) for e in once.tolist()} == {(b, a) for a, b in once.tolist()}, f"{thing.model}: open"
            assert part.mesh.volume > 0, f"{thing.model}: inside out"
        assert total <= 1500, f"{thing.model}: {total} triangles"
        assert sum(part.solid for part in thing.shape.parts) <= 45, thing.model


def test_masses_and_inertias_are_right(row: tuple, things: list[Thing]) -> None:
    model, _ = row
    for thing in things:
        body = model.body(thing.name)
        assert abs(float(body.mass[0]) - thing.shape.mass) < 1e-6, thing.model
        inertia = np.sort(body.inertia)
        assert inertia[0] > 0 and inertia[2] <= inertia[0] + inertia[1] + 1e-9
        assert np.sqrt(inertia[2] / thing.shape.mass) < 0.2, f"{thing.model}: radius of gyration"


def test_they_feel_like_they_look(row: tuple, things: list[Thing]) -> None:
    """Sideways and down, what is drawn and what is felt reach equally far; leaves and stalks may be drawn only."""
    model, data = row
    steps = [np.array(step) - 1 for step in np.ndindex(3, 3, 3)]
    directions = [step / np.linalg.norm(step) for step in steps if step.any() and step[2] <= 0]
    wrong = []
    for thing in things:
        body = model.body(thing.name).id
        geoms = np.flatnonzero(model.geom_bodyid == body)
        drawn, felt = [], []
        limit = 0.008 if thing.family.graspable else 0.012
        for geom, part in zip(geoms, thing.shape.parts, strict=True):
            reach = (
                *outline(model, int(geom)),
                data.geom_xpos[geom] - data.xpos[body],
                data.geom_xmat[geom].reshape(3, 3),
            )
            if part.drawn:
                drawn.append((reach, part.mesh is not None and _is_trimming(part.mesh, thing)))
            if part.solid:
                felt.append(reach)
        for direction in directions:
            solid = max(support(*part, direction) for part in felt)
            beyond = solid - max(support(*part, direction) for part, _ in drawn)
            within = solid - max(support(*part, direction) for part, trimming in drawn if not trimming)
            if beyond > limit or within < -limit:
                wrong.append((thing.model, np.round(direction, 1).tolist(), f"{1e3 * beyond:.0f}, {1e3 * within:.0f}"))
    text = "\n".join(map(str, wrong))
    assert not wrong, f"direction, felt beyond what is drawn [mm]:\n{text}"


def _is_trimming(mesh: Mesh, thing: Thing) -> bool:
    """A leaf, a spout, a stalk: less than a tenth of the drawn volume."""
    volumes = [part.mesh.volume for part in thing.shape.parts if part.mesh is not None]
    return mesh.volume < 0.1 * max(volumes)


def test_they_stand_still(things: list[Thing]) -> None:
    model = gathering(things, spacing=0.5).compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    ids = [model.body(thing.name).id for thing in things]
    before, axes = data.xpos[ids].copy(), data.xmat[ids].reshape(-1, 3, 3)[:, :, 2].copy()
    for _ in range(250):
        mujoco.mj_step(model, data)
    drift = np.linalg.norm(data.xpos[ids] - before, axis=1)
    tilt = np.rad2deg(np.arccos(np.clip((data.xmat[ids].reshape(-1, 3, 3)[:, :, 2] * axes).sum(1), -1, 1)))
    moved = [
        (t.model, round(1e3 * d, 1), round(a, 1))
        for t, d, a in zip(things, drift, tilt, strict=True)
        if d > 0.005 or a > 5
    ]
    assert moved == [], "drift [mm], tilt [degrees]"


@pytest.mark.parametrize(
    ("family", "model"), [("glass", "water glass"), ("mug", "camping mug"), ("bowl", "cereal bowl")]
)
def test_cavities_hold_what_is_poured_in(family: str, model: str) -> None:
    thing = make_thing("thing0", FAMILIES[family], FAMILIES[family].colours[0], 0, model=model)
    spec = gathering([thing])
    cavity = thing.shape.cavity
    assert cavity is not None
    for i in range(5):
        height = thing.half_height + 0.001 + cavity.floor + 0.012 + 0.014 * i
        ball = spec.worldbody.add_body(name=f"drop{i}", pos=(0.002 * (-1) ** i, 0.003, height))
        ball.add_freejoint()
        ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=(0.006, 0, 0), mass=0.001, condim=1)
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    for _ in range(250):
        mujoco.mj_step(compiled, data)
    for i in range(5):
        x, y, z = data.body(f"drop{i}").xpos
        assert np.hypot(x, y) < cavity.radius + 0.02 and 0.0 < z < 2 * thing.half_height + 0.01, "a ball got out"


def test_the_contact_sheet_shows_every_object(things: list[Thing]) -> None:
    some = things[::12]
    image = contact_sheet(some, columns=4)
    assert image.dtype == np.uint8 and image.shape[2] == 3 and image.std() > 20
    assert image.shape[0] > -(-len(some) // 4) * 144


def test_new_families_leave_the_first_colours_alone() -> None:
    """`Family.colours` defaults to COLOURS: a tenth colour there would draw every committed episode anew."""
    assert tuple(_family.COLOURS) == ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")
