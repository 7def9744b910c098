"""MapAnything (Apache-2.0), frozen: tokens of its multi-view transformer, and its own points in metres.

It re-expresses poses relative to the first view, so the pose of a single view would tell it nothing. Hence two views: a
blank picture from the base frame's origin, looking ahead, and the current one. Both have poses, or neither. It is run
by its own `infer`, since its forward drops geometry that its configuration does not switch on. Its weights are no part
of the checkpoint: they are loaded by name (`spatial_weights`), shared between copies of the model, and never trained.
What is learned is the projection to the language model's width (`model/spatial.py`, Injection).
"""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor, nn

from sapave.model.backbone import GRID, HALF, resample, square
from sapave.model.config import GEOMETRY, VLAConfig
from sapave.model.exact import exact
from sapave.model.pointer import CELLS
from sapave.model.spatial import FAR, straight_ahead

PUBLISHED = "facebook/map-anything-apache"
"""Hub id of the weights that may be used commercially; plain `facebook/map-anything` may not."""
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
COLOURS = {"dinov2": IMAGENET, "croco": IMAGENET, "dust3r": (HALF, HALF)}
"""Mean and standard deviation of the colours 0..1 that each of its image encoders was trained with."""
BASE = ((0.0, 0.0, 1.0, 0.0), (-1.0, 0.0, 0.0, 0.0), (0.0, -1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
"""Pose of the reference view: the base frame's origin, looking along x. Never where the camera is, so that the distance
between the views, whose logarithm it reads, stays near 1.3 m."""


class Shared:
    """A model that is not one of its owner's modules: not saved, trained or copied with it."""

    def __init__(self, core: Any) -> None:
        self.core = core.eval().requires_grad_(False)

    def __deepcopy__(self, memo: dict[int, Any]) -> Shared:
        return self

    def on(self, device: torch.device) -> Any:
        """The model, moved to a device."""
        if next(self.core.parameters()).device != device:
            self.core.to(device)
        return self.core


class MapAnythingEncoder(nn.Module):
    """Tokens [I, 64, C], points [I, 32, 32, 3] m and log depths [I, 32, 32] of a frozen MapAnything."""

    pose: Tensor
    reference: Tensor

    def __init__(self, config: VLAConfig, core: Any) -> None:
        super().__init__()
        self.shared = Shared(core)
        self.width: int = core.info_sharing.dim
        self.norm: str = core.encoder.data_norm_type
        if self.norm not in COLOURS:
            raise ValueError(
                f"spatial encoder 'mapanything': found colours normalised as '{self.norm}', expected one of "
                f"{', '.join(COLOURS)}; take other weights"
            )
        self.side: int = 2 * GRID * core.encoder.patch_size
        self.register_buffer("pose", straight_ahead(config), persistent=False)
        self.register_buffer("reference", torch.tensor(BASE), persistent=False)

    @torch.compiler.disable
    def forward(
        self, batch: dict[str, Tensor], depth: Tensor, rays: Tensor, points: Tensor, has: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens [I, 64, C], points [I, 32, 32, 3] m, log depth [I, 32, 32]; arguments as the shelf says.

        Images that are given the same parts go through it together.
        """
        names = ("rgb", "depth", "intrinsics", "base_from_camera")
        code = (has * has.new_tensor([1, 2, 4], dtype=torch.long)).sum(1)
        rows, found = [], []
        for kind in code.unique().tolist():
            at = torch.nonzero(code == kind)[:, 0]
            given = {name: bool(kind & 1 << i) for i, name in enumerate(GEOMETRY)}
            rows.append(at)
            found.append(self._see({n: batch[n][at] for n in names}, given))
        back = torch.cat(rows).argsort()
        tokens, camera = (torch.cat(parts)[back] for parts in zip(*found, strict=True))
        pose = torch.where(has[:, 2, None, None], batch["base_from_camera"], self.pose)
        return tokens, moved(camera, pose), torch.log(camera[..., 2].clamp(min=0.05))

    def _see(self, batch: dict[str, Tensor], given: dict[str, bool]) -> tuple[Tensor, Tensor]:
        """Tokens [I, 64, C] and points [I, 32, 32, 3] m in the camera's frame, of images given the same parts."""
        core, device, states = self.shared.on(batch["rgb"].device), batch["rgb"].device, []
        hook = core.info_sharing.register_forward_hook(lambda module, inputs, output: states.append(output))
        try:
            seen = core.infer(
                self._views(batch, given),
                memory_efficient_inference=False,
                use_amp=device.type == "cuda" and torch.is_autocast_enabled("cuda"),  # on a CPU its parts disagree
                apply_mask=False,
                ignore_calibration_inputs=not given["intrinsics"],
            )
        finally:
            hook.remove()
        last = states[0][0] if isinstance(states[0], tuple) else states[0]
        tokens = last.features[1].float().clone()  # made in inference mode, which learning cannot go through
        centre = ((torch.arange(CELLS, device=device) + 0.5) * self.side / CELLS).long()
        points = seen[1]["pts3d_cam"].float().clone()[:, centre][:, :, centre]
        return resample(tokens.flatten(2).transpose(1, 2), tokens.shape[-1]), points

    def _views(self, batch: dict[str, Tensor], given: dict[str, bool]) -> list[dict[str, Any]]:
        """The reference and the current view, with what is given of the latter.

        Depth is along rays there: without intrinsics those of a lens of 90 degrees, which it is not shown.
        """
        pixels = square(batch["rgb"], self.side, *COLOURS[self.norm])
        reference: dict[str, Any] = {"img": torch.zeros_like(pixels), "data_norm_type": [self.norm]}
        current: dict[str, Any] = {"img": pixels, "data_norm_type": [self.norm]}
        height, width = batch["rgb"].shape[1:3]
        if given["intrinsics"]:
            current["intrinsics"] = resized(batch["intrinsics"], (height, width), self.side)
        elif given["depth"]:
            half = self.side / 2
            wide = pixels.new_tensor([[half, 0, half - 0.5], [0, half, half - 0.5], [0, 0, 1]])
            current["intrinsics"] = wide.expand(len(pixels), 3, 3)
        if given["depth"]:
            step = (torch.arange(self.side, device=pixels.device) + 0.5) / self.side
            depth = batch["depth"][:, (step * height).long()][:, :, (step * width).long()].float()
            current["depth_z"] = torch.where((depth > 0) & (depth < FAR), depth, 0.0)
        if given["pose"]:
            reference["camera_poses"] = self.reference.expand(len(pixels), 4, 4)
            current["camera_poses"] = batch["base_from_camera"]
        return [reference, current]


def resized(matrix: Tensor, shape: tuple[int, int], side: int) -> Tensor:
    """Intrinsics [I, 3, 3] of pictures (height, width) stretched to side x side, counted from the middle of the first
    pixel as MapAnything does; ours count from its corner."""
    scale = matrix.new_tensor([side / shape[1], side / shape[0], 1.0])[:, None]
    return matrix * scale - matrix.new_tensor([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])


@exact
def moved(points: Tensor, pose: Tensor) -> Tensor:
    """Points [I, h, w, 3] m of a camera's frame in the base frame, by poses [I, 4, 4]."""
    return torch.einsum("bij,bhwj->bhwi", pose[:, :3, :3], points) + pose[:, None, None, :3, 3]


def published(name: str) -> Any:
    """MapAnything with the weights of a folder or a hub id; ValueError where package or weights are missing."""
    matmul = torch.backends.cuda.matmul
    coarse = matmul.allow_tf32
    try:
        from mapanything.models import MapAnything  # pyright: ignore[reportMissingImports]

        matmul.allow_tf32 = coarse  # which the import switches on for everyone
    except ImportError as problem:
        raise ValueError(
            f"spatial encoder 'mapanything': its package is not installed ({problem}); docs/spatial_encoders.md says "
            "how, or take the encoder 'geometric' or 'none'"
        ) from None
    from sapave.model.hub import resolve

    folder = resolve(name, kind="spatial encoder", files=("*.json", "*.safetensors"))
    for wanted in ("config.json", "model.safetensors"):
        if not (folder / wanted).is_file():
            raise ValueError(f"spatial encoder {folder}: found no {wanted}; expected a snapshot of {PUBLISHED}")
    encoder = {**json.loads((folder / "config.json").read_text()).get("encoder_config", {})}
    if encoder.get("encoder_str") == "dinov2":  # whose own weights would be fetched and then written over
        encoder["torch_hub_pretrained"] = False
    try:
        return MapAnything.from_pretrained(str(folder), encoder_config=encoder)
    except (OSError, RuntimeError) as problem:  # the code of DINOv2 comes through torch.hub
        what = str(problem).splitlines()[0]
        raise ValueError(f"spatial encoder {folder}: could not be loaded ({what}); load it once while online") from None


class _MapAnythingEntry:
    name = "mapanything"
    doc = "MapAnything (facebook/map-anything-apache), frozen; two views, so that the head's pose counts; own package"

    def build(self, config: VLAConfig, width: int) -> MapAnythingEncoder:
        """The encoder around published weights; the projection to `width` is Injection's."""
        return MapAnythingEncoder(config, published(config.spatial_weights or PUBLISHED))


SPATIAL_ENCODER = _MapAnythingEntry()
