"""The model: shapes over all its choices, missing modalities, learning, freezing, geometry of the pointer."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from sapave.base.geometry import intrinsics, project
from sapave.model import memory
from sapave.model.config import PARTS, TINY_TEST, VLAConfig
from sapave.model.flow import sample
from sapave.model.pointer import FEATURES, gaze_at
from sapave.model.spatial import measure
from sapave.model.vla import LOSSES, SaPaVe, set_trainable
from sapave.sim import gaze
from sapave.sim.robots import g1


def make_batch(rows: int = 3, seed: int = 0, per_image: int = 1) -> dict[str, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    images = rows // per_image
    matrix = torch.from_numpy(intrinsics(44, 32, 1.13)).float()
    pose = torch.tensor([[0.0, 0, 1, 0.1], [-1, 0, 0, 0], [0, -1, 0, 1.2], [0, 0, 0, 1]])
    mask = (torch.rand(rows, 2, 32, 32, generator=g) < 0.01).float()
    mask[0, 1] = 0
    tokens_mask = torch.ones(rows, 8, dtype=torch.bool)
    tokens_mask[0, 4:] = False
    batch = {
        "rgb": torch.randint(0, 256, (images, 32, 44, 3), generator=g, dtype=torch.uint8),
        "depth": torch.rand(images, 32, 44, generator=g) + 0.3,
        "intrinsics": matrix.expand(images, 3, 3).clone(),
        "base_from_camera": pose.expand(images, 4, 4).clone(),
        "has": torch.ones(images, 3, dtype=torch.bool),
        "tokens": torch.randint(4, 100, (rows, 8), generator=g) * tokens_mask,
        "tokens_mask": tokens_mask,
        "state": torch.randn(rows, TINY_TEST.state_size, generator=g),
        "head_chunk": torch.randn(rows, 16, 2, generator=g),
        "other_chunk": torch.randn(rows, 16, 26, generator=g),
        "has_other": torch.arange(rows) % 2 == 0,
        "mask": mask,
        "answer": torch.randint(4, 100, (rows, 3), generator=g),
    }
    if per_image > 1:
        batch["image_index"] = torch.arange(images).repeat_interleave(per_image)
    return batch


@pytest.mark.parametrize(
    "changes",
    [
        {"decoders": "independent", "injection": "add"},
        {"decoders": "shared", "injection": "gated", "adapter": "full", "loss": "mse"},
        {"decoders": "unified", "injection": "cross", "adapter": "none", "time": "uniform"},
        {"injection": "none", "pointer": False, "draws": 1},
        {"decoders": "shared", "pointer": False, "fold": 8},
        {"decoders": "unified", "adapter": "full"},
    ],
)
def test_every_choice_trains_and_acts(changes: dict) -> None:
    model, batch = SaPaVe(replace(TINY_TEST, **changes)), make_batch()
    losses = model.losses(batch, generator=torch.Generator().manual_seed(0))
    drafts = changes.get("pointer", True)
    assert set(losses) == {"head", "other", "pointer", "presence", "answer", "points"} | (
        {"draft"} if drafts else set()
    )
    torch.stack(list(losses.values())).sum().backward()
    for name, modules in model.parts().items():
        gradients = [p.grad for m in modules for p in m.parameters() if p.grad is not None]
        absent = (name == "adapter" and changes.get("adapter") == "none") or (name == "draft" and not drafts)
        assert gradients or absent, name
        assert all(torch.isfinite(g).all() for g in gradients)
    model.eval()
    hybrid = model.perceive(batch)
    assert hybrid.tokens.shape == (3, 8 + 64, TINY_TEST.text_width) and hybrid.mask.shape == (3, 72)
    assert hybrid.pointer.shape == (3, 2, FEATURES)
    assert hybrid.pointer_logits is not None and hybrid.pointer_logits.shape == (3, 2, 32, 32)
    head, other = model.generate(hybrid, batch)
    assert head.shape == (3, 16, 2) and other.shape == (3, 16, 26)
    again = model.generate(hybrid, batch)
    assert torch.equal(head, again[0]) and torch.equal(other, again[1])


def test_a_wrong_choice_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="unknown decoders 'unifed'; did you mean 'unified'"):
        VLAConfig(decoders="unifed")
    with pytest.raises(ValueError, match="8 x 8"):
        SaPaVe(replace(TINY_TEST, image_size=32))
    with pytest.raises(ValueError, match="unknown widht"):
        VLAConfig.from_dict({"widht": 3})


@pytest.fixture(scope="module")
def model() -> SaPaVe:
    return SaPaVe(TINY_TEST).eval()


@pytest.mark.parametrize("has", [(d, k, p) for d in (0, 1) for k in (0, 1) for p in (0, 1)])
def test_any_subset_of_geometry_is_accepted_and_what_is_absent_is_not_read(model: SaPaVe, has: tuple) -> None:
    batch = make_batch()
    batch["has"] = torch.tensor(has, dtype=torch.bool).expand(3, 3)
    other = dict(batch)
    if not has[0]:
        other["depth"] = torch.zeros_like(batch["depth"])
    if not has[1]:
        other["intrinsics"] = torch.eye(3).expand(3, 3, 3)
    if not has[2]:
        other["base_from_camera"] = torch.eye(4).expand(3, 4, 4)
    with torch.no_grad():
        a, b = model.perceive(batch), model.perceive(other)
    assert torch.equal(a.tokens, b.tokens) and torch.allclose(a.pointer, b.pointer)
    assert torch.isfinite(a.tokens).all() and torch.isfinite(a.pointer).all()


def test_instructions_that_share_an_image_read_it_as_if_alone(model: SaPaVe) -> None:
    shared = make_batch(4, per_image=2)
    index = shared["image_index"]
    alone = {n: v[index] if len(v) == 2 else v for n, v in shared.items() if n != "image_index"}
    with torch.no_grad():
        a, b = model.perceive(shared), model.perceive(alone)
    assert torch.allclose(a.tokens, b.tokens, atol=1e-5) and torch.allclose(a.pointer, b.pointer, atol=1e-5)


def test_padding_of_words_changes_nothing_and_words_change_image_tokens(model: SaPaVe) -> None:
    batch = make_batch()
    garbled = {**batch, "tokens": batch["tokens"] + 50 * ~batch["tokens_mask"]}
    single = {n: v[:1] for n, v in batch.items()}
    with torch.no_grad():
        a, b, c = model.perceive(batch), model.perceive(garbled), model.perceive(single)
    assert torch.equal(a.tokens[:, 8:], b.tokens[:, 8:])
    assert torch.allclose(a.tokens[:1, 8:], c.tokens[:, 8:], atol=1e-5)
    words = {**batch, "tokens": batch["tokens"].roll(1, 0), "tokens_mask": torch.ones_like(batch["tokens_mask"])}
    with torch.no_grad():
        assert not torch.allclose(a.tokens[:, 8:], model.perceive(words).tokens[:, 8:], atol=1e-3)


def test_what_is_out_of_sight_is_remembered_where_it_was(model: SaPaVe) -> None:
    g, batch = torch.Generator().manual_seed(5), make_batch()
    batch["has"] = torch.ones(3, 3, dtype=torch.bool)
    seen = torch.randn(3, 2, FEATURES, generator=g)
    seen[..., -1] = 0.9
    first, points = model.pointer.remember(seen, torch.zeros(3, 2, 4), batch)
    assert torch.equal(first, seen) and torch.equal(points[..., :3], seen[..., :3])
    gone = torch.zeros(3, 2, FEATURES)
    gone[..., -1] = 0.1
    later, kept = model.pointer.remember(gone, points, batch)
    assert torch.equal(kept, points) and torch.equal(later[..., :3], seen[..., :3])
    assert torch.equal(later[..., 3:7], model.pointer.aims(seen[..., :3], batch)) and torch.equal(
        later[..., -1], gone[..., -1]
    )
    never, _ = model.pointer.remember(gone, torch.zeros(3, 2, 4), batch)
    assert torch.equal(never, gone)


def test_where_it_has_looked_is_known_until_it_has_looked_everywhere() -> None:
    def at(yaw: float, pitch: float) -> dict[str, torch.Tensor]:
        pose = torch.eye(4)[None]
        pose[0, :3, 2] = torch.tensor(
            [np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)], dtype=torch.float32
        )
        return {"base_from_camera": pose, "has": torch.ones(1, 3, dtype=torch.bool)}

    looked = memory.look(torch.zeros(1, memory.SECTORS), at(0.0, -0.9))
    assert looked.sum() == 1
    looked = memory.look(looked, at(1.2, -0.8))
    assert looked.sum() == 2 and torch.equal(memory.look(looked, at(0.1, -0.9)), looked)
    blind = {**at(-1.2, -0.8), "has": torch.zeros(1, 3, dtype=torch.bool)}
    assert torch.equal(memory.look(looked, blind), looked)
    for yaw in memory.YAWS:
        for pitch in memory.PITCHES:
            looked = memory.look(looked, at(yaw, pitch))
    assert looked.sum() == 1 and looked[0, -1] == 1  # all were looked in: begins again with the last


def test_search_reaches_the_head_alone() -> None:
    model, batch = SaPaVe(TINY_TEST).eval(), make_batch()
    with torch.no_grad():
        for parameter in model.decoders[0].parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
        hybrid = model.perceive(batch)
        more = replace(hybrid, looked=1 - hybrid.looked)
        (head, other), (head2, other2) = model.generate(hybrid, batch), model.generate(more, batch)
    assert not torch.allclose(head, head2, atol=1e-4) and torch.equal(other, other2)
    assert SaPaVe(replace(TINY_TEST, search=False)).decoders[0].search is None


def test_views_do_not_teach_the_other_stream(model: SaPaVe) -> None:
    batch = make_batch()
    batch["has_other"] = torch.tensor([True, False, True])
    changed = {**batch, "other_chunk": batch["other_chunk"].clone()}
    changed["other_chunk"][1] = 99.0
    with torch.no_grad():
        hybrid = model.perceive(batch)
        a, b = (model.losses(x, hybrid, generator=torch.Generator().manual_seed(1))["other"] for x in (batch, changed))
        none = model.losses({**batch, "has_other": torch.zeros(3, dtype=torch.bool)}, hybrid)["other"]
    assert torch.equal(a, b) and none == 0


def test_losses_follow_their_generator_and_leave_global_chance_alone() -> None:
    model, batch = SaPaVe(TINY_TEST), make_batch()
    for name, parameter in model.named_parameters():
        if name.endswith("out.weight"):  # starts at zero: no noise would come through
            torch.nn.init.normal_(parameter)
    before = torch.random.get_rng_state()
    a, b, c = (model.losses(batch, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a[n], b[n]) for n in a) and a["other"] != c["other"] and a["points"] != c["points"]
    SaPaVe(TINY_TEST)
    assert torch.equal(torch.random.get_rng_state(), before)


def train(model: SaPaVe, batch: dict, parts: tuple, names: tuple, steps: int, hybrid=None, rate: float = 3e-3) -> list:
    learning = set_trainable(model, parts)
    optimizer = torch.optim.AdamW(learning, rate, betas=(0.9, 0.98), weight_decay=0.0)
    generator, curve = torch.Generator().manual_seed(0), []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (steps - step) / (0.4 * steps))
        losses = model.losses(batch, hybrid, names=names, generator=generator)
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
        curve.append({n: v.item() for n, v in losses.items()})
    return curve


@pytest.mark.parametrize("part", PARTS)
def test_only_the_named_part_changes_by_one_bit(part: str) -> None:
    model, batch = SaPaVe(TINY_TEST), make_batch()
    before = {n: v.clone() for n, v in model.state_dict().items()}
    train(model, batch, (part,), LOSSES, 2)
    mine = {id(p) for m in model.parts()[part] for p in m.parameters()}
    assert mine
    for name, value in model.named_parameters():
        if id(value) in mine:
            # a lora_A or an embedding row may see no gradient in the first step, but the part as a whole moves
            continue
        assert torch.equal(value, before[name]), name
        assert not value.requires_grad
    assert any(not torch.equal(v, before[n]) for n, v in model.named_parameters() if id(v) in mine)


def test_a_small_batch_is_learned(model: SaPaVe) -> None:
    model, batch = SaPaVe(TINY_TEST), make_batch(4, per_image=2)
    curve = train(model, batch, ("backbone", "spatial"), ("pointer", "presence", "answer", "points"), 70, rate=5e-3)
    assert curve[-1]["answer"] < 0.1 * curve[0]["answer"]
    assert curve[-1]["pointer"] < 0.5 * curve[0]["pointer"]
    assert curve[-1]["presence"] < 0.2 * curve[0]["presence"]
    assert curve[-1]["points"] < 0.5 * curve[0]["points"]


@pytest.mark.parametrize("decoders", ["independent", "shared", "unified"])
def test_decoders_reproduce_chunks_from_zero_noise(decoders: str) -> None:
    model, batch = SaPaVe(replace(TINY_TEST, decoders=decoders)), make_batch(4)
    batch["has_other"][:] = True
    with torch.no_grad():
        hybrid = model.eval().perceive(batch)
    train(model, batch, ("head_decoder", "other_decoder"), ("head", "other"), 150, hybrid, 5e-3)
    model.eval()
    head, other = model.generate(hybrid, batch)
    head_error, other_error = (head - batch["head_chunk"]).abs().mean(), (other - batch["other_chunk"]).abs().mean()
    assert head_error < 0.1 and other_error < 0.1, (head_error, other_error)


def test_euler_steps_end_at_the_predicted_chunk() -> None:
    goal = torch.randn(2, 1, 16, 2, generator=torch.Generator().manual_seed(0))
    seen = []

    def decoder(x: dict, modulation: torch.Tensor, context: None) -> dict:
        seen.append((int(modulation), x["head"].clone()))
        return {"head": goal}

    out = sample(decoder, list(torch.arange(10, 14)), None, {"head": torch.zeros_like(goal)})
    assert [m for m, _ in seen] == [10, 11, 12, 13] and torch.allclose(out["head"], goal)
    assert torch.allclose(seen[1][1], goal / 4) and torch.allclose(seen[3][1], 3 * goal / 4)


def test_half_precision_leaves_geometry_exact() -> None:
    model, batch = SaPaVe(TINY_TEST).eval(), make_batch()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        points = measure(batch)[2]
        hybrid = model.perceive(batch)
        losses = model.losses(batch, generator=torch.Generator().manual_seed(0))
    assert points.dtype == hybrid.pointer.dtype == torch.float32
    assert torch.equal(points, measure(batch)[2])
    assert all(v.dtype == torch.float32 and torch.isfinite(v) for v in losses.values()), losses


@torch.no_grad()
def test_points_are_exact_where_geometry_is_given(model: SaPaVe) -> None:
    """A known plane: the floor, seen from 1.2 m, lies at z = 0."""
    batch = {n: v[:1] for n, v in make_batch().items()}
    matrix = batch["intrinsics"][0].numpy().astype(float)
    pitch = 0.9
    forward, down = np.array([np.cos(pitch), 0, -np.sin(pitch)]), np.array([-np.sin(pitch), 0, -np.cos(pitch)])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([np.array([0, -1.0, 0]), down, forward], 1)
    pose[:3, 3] = [0.1, 0.0, 1.2]
    v, u = np.meshgrid(np.arange(32) + 0.5, np.arange(44) + 0.5, indexing="ij")
    rays = np.stack([(u - matrix[0, 2]) / matrix[0, 0], (v - matrix[1, 2]) / matrix[1, 1], np.ones_like(u)], -1)
    batch["depth"] = torch.from_numpy(-1.2 / (rays @ pose[:3, :3].T)[..., 2]).float()[None]
    batch["depth"][batch["depth"] < 0] = 0
    batch["base_from_camera"] = torch.from_numpy(pose).float()[None]
    depth, _, points = measure(batch)
    assert points[depth > 0][:, 2].abs().max() < 1e-4
    # a pointer that is sure of one sub-cell reads that cell's point, and the angles that lead there
    logits = torch.full((1, 2, 32, 32), -9.0)
    logits[0, 0, 20, 9] = 30.0
    space = model.spatial(batch)
    assert torch.equal(space.points[depth > 0], points[depth > 0])
    features = model.pointer.read(logits, torch.tensor([[5.0, -5.0]]), space.points, space.valid, batch)[0]
    point = features[0, :3].numpy()
    assert np.allclose(point, points[0, 20, 9].numpy(), atol=1e-3)
    away = point - pose[:3, 3]
    aim = gaze_at(torch.from_numpy(point) - torch.tensor(TINY_TEST.neck), TINY_TEST.eye_above)
    assert torch.allclose(features[0, 3:5], aim, atol=1e-4)
    assert features[0, 6] == pytest.approx(features[0, 4].item() + pitch, abs=1e-4)
    pixel = project(matrix, (away @ pose[:3, :3])[None])[0]
    shown = (features[0, 9:11].numpy() + 1) * [22, 16]
    assert np.abs(shown - pixel).max() < 0.75
    assert features[1, :-1].abs().max() == 0 and features[1, -1] < 0.01


@torch.no_grad()
def test_the_readout_ignores_cells_without_depth(model: SaPaVe) -> None:
    batch = {n: v[:1] for n, v in make_batch().items()}
    batch["depth"] = torch.ones(1, 32, 44)
    batch["depth"][:, :, :22] = 0
    logits = torch.full((1, 2, 32, 32), -5.0)
    logits[0, :, 10, 14:18] = 9.0
    space = model.spatial(batch)
    features = model.pointer.read(logits, torch.ones(1, 2) * 9, space.points, space.valid, batch)
    assert torch.allclose(features[0, 0, :3], space.points[0, 10, 16:18].mean(0), atol=1e-2)


def test_the_pointers_gaze_is_the_simulators() -> None:
    """A point in space becomes the head joints that aim the G1's camera at it, without learning."""
    spec = mujoco.MjSpec()
    g1.ROBOT.add(spec)
    model, config = spec.compile(), VLAConfig()
    for point in ([0.3, 0.2, 0.85], [0.1, -0.45, 0.87], [0.38, 0.1, 1.2]):
        found = gaze_at(torch.tensor(point) - torch.tensor(config.neck), config.eye_above)
        assert np.allclose(found.numpy(), gaze.gaze_at(model, np.array(point)), atol=1e-5)
