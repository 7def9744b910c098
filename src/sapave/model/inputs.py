"""Observations to the model's batch, and its chunks back to actions: all that must be the same on every machine.

A batch holds, per image: `rgb` uint8 [I, H, W, 3]; `depth` [I, H, W] m; `intrinsics` [I, 3, 3] px;
`base_from_camera` [I, 4, 4]; `has` bool [I, 3] (depth, intrinsics, pose present); for a model with C extra cameras
`extra` uint8 [I, C, H, W, 3], `has_extra` bool [I, C]. Per row: `tokens` int64 [B, T], `tokens_mask` bool [B, T];
`state` [B, S]; optional `image_index` int64 [B] (else I = B) and `looked` [B, 10], where it has looked before. Targets
when training:
`head_chunk` [B, k, 2] and `other_chunk` [B, k, 26] (normalised cumulative), `has_other` bool [B],
`mask` [B, 2, 32, 32] share of each sub-cell that shows object / goal place, `answer` int64 [B, A] (-100 padded).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from sapave.base.chunks import to_increments
from sapave.base.kinematics import Chain
from sapave.base.normalize import Normalizer
from sapave.base.types import CONTROL_DT, ActionChunk, Geometry, Observation
from sapave.model.config import VLAConfig
from sapave.model.tokenizer import Tokenizer

ERROR_SCALE = 10.0
"""Measured minus target joints are small: they enter the state times this."""
CAMERA = "head"
"""The camera every model looks through."""


@dataclass(kw_only=True)
class Processor:
    """Tokenizer, kinematics and normalisation of one model; stored with it."""

    tokenizer: Tokenizer
    chains: Mapping[str, Chain] = field(repr=False)
    """Arms whose grasp-site poses enter the state, by name; joint indices are those of the other stream."""
    max_tokens: int
    k: int
    head_norm: Normalizer | None = None
    """Of cumulative head chunks [k, 2] rad; None until a stage has fitted it."""
    other_norm: Normalizer | None = None
    """Of cumulative other chunks [k, 26] rad."""
    cameras: tuple[str, ...] = ()
    """Further cameras: `VLAConfig.extra_cameras`, which every checkpoint holds."""

    @classmethod
    def fresh(cls, config: VLAConfig, sentences: Sequence[str], chains: Mapping[str, Chain]) -> Processor:
        """Words from the sentences, nothing fitted; `chains` are the robot's (`ROBOT.chains`)."""
        tokenizer = Tokenizer.build(sentences, config.vocab_size)
        cameras = config.extra_cameras
        return cls(tokenizer=tokenizer, chains=chains, max_tokens=config.max_tokens, k=config.k, cameras=cameras)

    def tokenize(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """`tokens` int64 [B, max_tokens] and `tokens_mask` bool."""
        ids, mask = self.tokenizer.instructions(texts, self.max_tokens)
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def answers(self, texts: Sequence[str]) -> torch.Tensor:
        """`answer` int64 [B, A]; rows of empty texts are all -100."""
        return torch.from_numpy(self.tokenizer.answers(texts))

    def state(
        self, head: np.ndarray, head_target: np.ndarray, other: np.ndarray, other_target: np.ndarray
    ) -> np.ndarray:
        """State float32 [..., S] of joints and targets [..., 2], [..., 26] rad.

        Targets, scaled errors, and per chain the measured grasp-site position [m] and two rotation columns.
        """
        parts = [other_target, ERROR_SCALE * (other - other_target), head_target, ERROR_SCALE * (head - head_target)]
        for chain in self.chains.values():
            position, rotation = chain.pose(other)
            parts += [position, rotation[..., 0], rotation[..., 1]]
        return np.concatenate(parts, -1).astype(np.float32)

    def observe(self, observations: Observation | Sequence[Observation]) -> dict[str, torch.Tensor]:
        """The batch of one or several observations; ValueError names a camera that is missing or images that differ."""
        several = [observations] if isinstance(observations, Observation) else list(observations)
        images = []
        for observation in several:
            for name in (CAMERA, *self.cameras):
                if name not in observation.rgb:
                    there = ", ".join(observation.rgb) or "none"
                    raise ValueError(f"observation: no camera '{name}' (there are: {there})")
            image = _image(observation.rgb[CAMERA], observation.geometry.get(CAMERA, Geometry()))
            images.append(image | _extra([observation.rgb[name] for name in self.cameras]))
        shapes = {(image["rgb"].shape, image["extra"].shape if "extra" in image else ()) for image in images}
        if len(shapes) > 1:
            raise ValueError(f"observations: images of shapes {sorted(shapes)}; expected one shape per batch")
        batch = {name: torch.from_numpy(np.stack([image[name] for image in images])) for name in images[0]}
        batch["tokens"], batch["tokens_mask"] = self.tokenize([o.instruction for o in several])
        joints = [np.stack([getattr(o, n) for o in several]) for n in ("head", "head_target", "other", "other_target")]
        batch["state"] = torch.from_numpy(self.state(*joints))
        return batch

    def chunks(self, head: torch.Tensor, other: torch.Tensor, dt: float = CONTROL_DT) -> list[ActionChunk]:
        """Actions of generated chunks (normalised cumulative [B, k, 2], [B, k, 26]): increments per tick [rad].

        A stream whose statistics no stage has fitted stands still.
        """
        streams = []
        for values, norm in ((head, self.head_norm), (other, self.other_norm)):
            plain = values.detach().cpu().numpy().astype(np.float32)
            streams.append(np.zeros_like(plain) if norm is None else to_increments(norm.invert(plain)))
        return [ActionChunk(head=h, other=o, dt=dt) for h, o in zip(*streams, strict=True)]

    def numbers(self) -> dict[str, Any]:
        """Everything but the tokenizer as plain values, for stats.json."""
        norms = {"head": self.head_norm, "other": self.other_norm}
        return {
            "max_tokens": self.max_tokens,
            "k": self.k,
            "chains": {name: chain.to_dict() for name, chain in self.chains.items()},
            "norms": {
                name: None if norm is None else {"mean": norm.mean.tolist(), "std": norm.std.tolist()}
                for name, norm in norms.items()
            },
        }

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, Any], tokenizer: Tokenizer) -> Processor:
        """The reverse of `numbers`; KeyError for a missing field."""
        norms = {}
        for name in ("head", "other"):
            value = numbers["norms"][name]
            norms[name] = value and Normalizer(
                mean=np.array(value["mean"], np.float32), std=np.array(value["std"], np.float32)
            )
        return cls(
            tokenizer=tokenizer,
            chains={name: Chain.from_dict(chain) for name, chain in numbers["chains"].items()},
            max_tokens=numbers["max_tokens"],
            k=numbers["k"],
            head_norm=norms["head"],
            other_norm=norms["other"],
        )


def _extra(pictures: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """One moment's arrays of the extra cameras' pictures uint8 [H, W, 3]; nothing for none."""
    if not pictures:
        return {}
    shapes = {picture.shape for picture in pictures}
    if len(shapes) > 1:
        raise ValueError(f"observation: extra cameras' images of shapes {sorted(shapes)}; expected one shape")
    return {"extra": np.stack(pictures), "has_extra": np.ones(len(pictures), bool)}


def _image(rgb: np.ndarray, geometry: Geometry) -> dict[str, np.ndarray]:
    """One image's arrays, with stand-ins for what is not known."""
    height, width = rgb.shape[:2]
    matrix = np.array([[width / 2, 0, width / 2], [0, width / 2, height / 2], [0, 0, 1]], np.float32)
    given = (geometry.depth, geometry.intrinsics, geometry.base_from_camera)
    stand_ins = (np.zeros((height, width), np.float32), matrix, np.eye(4, dtype=np.float32))
    arrays = [np.asarray(s if g is None else g, np.float32) for g, s in zip(given, stand_ins, strict=True)]
    if arrays[0].shape != (height, width):
        raise ValueError(f"depth: found shape {arrays[0].shape}, expected that of the picture, {(height, width)}")
    names = ("depth", "intrinsics", "base_from_camera")
    present = np.array([g is not None for g in given])
    return {"rgb": np.ascontiguousarray(rgb), **dict(zip(names, arrays, strict=True)), "has": present}
