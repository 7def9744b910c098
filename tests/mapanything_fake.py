"""A stand-in for the package `mapanything`, with its calls, constraints and traps, and a tiny real model's files.

Checked against the real class (version 1.1 of its repository), which `test_mapanything.py` also runs where it is there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

KEYS = {"img", "data_norm_type", "depth_z", "ray_directions", "intrinsics", "camera_poses", "is_metric_scale"}
PATCH = 14


class Sharing(nn.Module):
    """Features of all views [B, 19, h, w], each with the mean over the views."""

    dim = 24

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(19, self.dim, 1)

    def forward(self, views: list[Tensor]) -> tuple[SimpleNamespace, list[SimpleNamespace]]:
        mixed = [self.mix(v) for v in views]
        final = SimpleNamespace(features=[m + torch.stack(mixed).mean(0) for m in mixed])
        return final, [final]


class FakeMapAnything(nn.Module):
    """Tokens tell of the picture and of what geometry is given; its points are those of the lens and depth given."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = SimpleNamespace(patch_size=PATCH, data_norm_type="dinov2")
        self.info_sharing = Sharing()

    @classmethod
    def from_pretrained(cls, folder: str, encoder_config: dict[str, Any]) -> FakeMapAnything:
        assert encoder_config == {"encoder_str": "dinov2", "torch_hub_pretrained": False}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            return cls()

    def forward(self, views: list[dict[str, Any]]) -> Any:
        raise AssertionError("forward alone drops geometry silently; infer was expected")

    @torch.inference_mode()
    def infer(
        self,
        views: list[dict[str, Any]],
        memory_efficient_inference: bool = True,
        use_amp: bool = True,
        apply_mask: bool = True,
        ignore_calibration_inputs: bool = False,
    ) -> list[dict[str, Tensor]]:
        posed = ["camera_poses" in view for view in views]
        assert posed[0] or not any(posed), "view 0 must have a pose when another has"
        prepared, out = [], []
        for view in views:
            assert set(view) <= KEYS and view["data_norm_type"] == [self.encoder.data_norm_type]
            count, _, height, width = view["img"].shape
            assert height % PATCH == 0 and width % PATCH == 0
            assert "depth_z" not in view or "intrinsics" in view, "depth needs intrinsics"
            assert "depth_z" not in view or view["depth_z"].shape == (count, height, width)
            lens = "intrinsics" in view and not ignore_calibration_inputs
            plane = self.plane(view["intrinsics"], height, width) if "intrinsics" in view else None
            depth = view.get("depth_z", torch.zeros(count, height, width))
            pose = torch.eye(4).expand(count, 4, 4)
            if "camera_poses" in view:
                pose = torch.linalg.inv(views[0]["camera_poses"]) @ view["camera_poses"]
            shown = plane if lens and plane is not None else torch.zeros(count, height, width, 3)
            dense = torch.cat([view["img"], shown.permute(0, 3, 1, 2), depth[:, None]], 1)
            told = F.avg_pool2d(dense, PATCH)
            prepared.append(
                torch.cat([told, pose[:, :3].flatten(1)[..., None, None].expand(-1, -1, *told.shape[2:])], 1)
            )
            rays = torch.ones(count, height, width, 3) if plane is None else plane
            out.append({"pts3d_cam": rays * torch.where(depth > 0, depth, 1.5)[..., None]})
        self.info_sharing(prepared)
        return out

    @staticmethod
    def plane(matrix: Tensor, height: int, width: int) -> Tensor:
        """Rays [B, H, W, 3] with z = 1; pixels counted from the middle of the first."""
        y, x = torch.meshgrid(torch.arange(height) * 1.0, torch.arange(width) * 1.0, indexing="ij")
        x = (x - matrix[:, 0, 2, None, None]) / matrix[:, 0, 0, None, None]
        y = (y - matrix[:, 1, 2, None, None]) / matrix[:, 1, 1, None, None]
        return torch.stack([x, y, torch.ones_like(x)], -1)


def install(patch: pytest.MonkeyPatch, folder: Path) -> str:
    """Put the fake where the package would be; a folder of weights for it."""
    package, models = ModuleType("mapanything"), ModuleType("mapanything.models")
    models.MapAnything = FakeMapAnything  # pyright: ignore[reportAttributeAccessIssue]
    patch.setitem(sys.modules, "mapanything", package)
    patch.setitem(sys.modules, "mapanything.models", models)
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"encoder_config": {"encoder_str": "dinov2"}}))
    (folder / "model.safetensors").touch()
    return str(folder)


def tiny_real(folder: Path) -> str:
    """Files of a tiny real model with fresh weights (needs the package); its image encoder comes without torch.hub."""
    from mapanything.models import MapAnything  # pyright: ignore[reportMissingImports]
    from safetensors.torch import save_model

    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(_settings()))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = MapAnything(**_settings())
    save_model(model, str(folder / "model.safetensors"))
    return str(folder)


def _settings() -> dict[str, Any]:
    low, high = -1e9, 1e9
    dense = {"encoder_str": "dense_rep_encoder", "apply_pe": False, "intermediate_dims": [16, 16]}
    whole = {"encoder_str": "global_rep_encoder", "intermediate_dims": [16]}
    off = ("overall_prob", "ray_dirs_prob", "depth_prob", "cam_prob", "sparse_depth_prob",
           "sparsification_removal_percent", "depth_scale_norm_all_prob", "pose_scale_norm_all_prob")  # fmt: skip
    return {
        "name": "tiny",
        "encoder_config": {
            "encoder_str": "croco",
            "name": "tiny",
            "data_norm_type": "croco",
            "patch_size": 16,
            "img_size": [256, 256],
            "enc_embed_dim": 48,
            "enc_depth": 1,
            "enc_num_heads": 3,
            "uses_torch_hub": False,
        },
        "info_sharing_config": {
            "model_type": "alternating_attention",
            "model_return_type": "intermediate_features",
            "custom_positional_encoding": None,
            "module_args": {"name": "tiny", "indices": [0, 1], "norm_intermediate": True, "depth": 4, "dim": 64}
            | {"num_heads": 4, "distinguish_ref_and_non_ref_views": True},
        },
        "pred_head_config": {
            "type": "dpt+pose",
            "feature_head": {"feature_dim": 16, "layer_dims": [8, 8, 8, 8], "hooks": [0, 1, 2, 3]},
            "regressor_head": {"output_dim": 6},
            "pose_head": {"num_resconv_block": 1, "rot_representation_dim": 4},
            "scale_head": {"output_dim": 1},
            "adaptor_type": "raydirs+depth+pose+confidence+mask",
            "dpt_adaptor": {"name": "dense", "depth_mode": "exp", "depth_vmin": 0, "depth_vmax": high}
            | {"ray_directions_mode": "linear", "ray_directions_normalize_to_unit_sphere": True}
            | {"ray_directions_normalize_to_unit_image_plane": False, "ray_directions_clamp_min_of_z_dir": False}
            | {"ray_directions_vmin": low, "ray_directions_vmax": high, "ray_directions_z_dir_min": low}
            | {"confidence_type": "exp", "confidence_vmin": 1, "confidence_vmax": high},
            "pose_adaptor": {"name": "pose", "cam_trans_mode": "linear", "quaternions_mode": "linear"}
            | {"cam_trans_vmin": low, "cam_trans_vmax": high, "quaternions_normalize": True}
            | {"quaternions_vmin": low, "quaternions_vmax": high},
            "scale_adaptor": {"name": "scale", "mode": "exp", "vmin": 1e-8, "vmax": high},
        },
        "geometric_input_config": {
            "ray_dirs_encoder_config": {"name": "rays", "in_chans": 3, **dense},
            "depth_encoder_config": {"name": "depth", "in_chans": 1, **dense},
            "cam_rot_encoder_config": {"name": "turn", "in_chans": 4, **whole},
            "cam_trans_encoder_config": {"name": "move", "in_chans": 3, **whole},
            "scale_encoder_config": {"name": "scale", "in_chans": 1, **whole},
            "dropout_prob": 1,
            **dict.fromkeys(off, 0),
        },
    }
