"""Pictures changed while training: a zoom that takes depth, ids and intrinsics along, and other light and colours.

A zoomed picture is what a longer lens would show from the same place, off its axis: the camera's pose, the joints, the
point of every pixel and hence the labels stay as they are. Nothing is rolled or mirrored, and no hue is turned, since
instructions name directions and colours.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance

from sapave.base.seeds import rng
from sapave.data.windows import WHOLE, Batch, Own, add_masks

KEEP = 0.9
"""Least share of a thing's pixels that a window must hold."""
TRIES = 8
"""Windows drawn before a picture is left as it is."""
_LIGHT = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)


def augmented(
    batch: Batch,
    *,
    zoom: float,
    jitter: float,
    chance: tuple[int, int],
    known: np.ndarray | None = None,
    own: Own = WHOLE,
) -> Batch:
    """The batch with every picture changed in a way of its own, decided by (*chance, number of the picture).

    chance: (seed, step).
    batch: of a Sampler with `raw` (has `seg`, no `mask`); the masks are made here, of the changed ids.
    zoom: largest magnification, 1 for none. A window holds what the rows' targets and goals show of themselves (all
    things, where a row has an answer about the picture), or another is drawn.
    jitter: largest relative change of brightness, contrast and saturation, 0 for none.
    known: bool [I], False for pictures whose intrinsics the model will not be given: they are not magnified.
    own: which pictures of the whole batch these are.
    """
    seed, step = chance
    out = {**batch, **{name: batch[name].copy() for name in ("rgb", "depth", "seg", "intrinsics")}}
    for i in range(len(out["rgb"])):
        number = own.rank + i * own.size
        if zoom > 1 and (known is None or known[i]):
            scale, x0, y0 = window(out["seg"][i], wanted(batch, i), zoom, rng(seed, "zoom", step, number))
            if scale > 1:
                out["rgb"][i] = magnify(out["rgb"][i], scale, x0, y0, Image.Resampling.BILINEAR)
                out["depth"][i] = magnify(out["depth"][i], scale, x0, y0, Image.Resampling.NEAREST)
                out["seg"][i] = magnify(out["seg"][i], scale, x0, y0, Image.Resampling.NEAREST)
                out["intrinsics"][i] = magnified(out["intrinsics"][i], scale, x0, y0)
        if jitter:
            out["rgb"][i] = relit(out["rgb"][i], jitter, rng(seed, "jitter", step, number))
    return add_masks(out)


def wanted(batch: Batch, image: int) -> np.ndarray:
    """Ids that must stay in picture number `image`."""
    rows = np.flatnonzero(batch["image_index"] == image)
    if any(batch["answer"][row] for row in rows):
        ids = np.unique(batch["seg"][image])
    else:
        ids = np.unique([batch["target"][rows], batch["goal"][rows]])
    return ids[ids > 0]


def window(seg: np.ndarray, ids: np.ndarray, zoom: float, chance: np.random.Generator) -> tuple[float, float, float]:
    """Magnification (1 to `zoom`, log-uniform) and upper left corner (x0, y0) px of a window of ids [H, W] that holds
    `KEEP` of what the picture shows of each of `ids`; (1, 0, 0) when none is found."""
    height, width = seg.shape
    things = [np.nonzero(seg == i) for i in ids]
    for _ in range(TRIES):
        scale = float(zoom ** chance.random())
        x0, y0 = chance.random(2) * (width * (1 - 1 / scale), height * (1 - 1 / scale))
        x1, y1 = x0 + width / scale, y0 + height / scale
        if all(
            np.sum((v + 0.5 > y0) & (v + 0.5 < y1) & (u + 0.5 > x0) & (u + 0.5 < x1)) >= KEEP * len(v)
            for v, u in things
        ):
            return scale, float(x0), float(y0)
    return 1.0, 0.0, 0.0


def magnify(image: np.ndarray, scale: float, x0: float, y0: float, how: Image.Resampling) -> np.ndarray:
    """The window of an image [H, W] or [H, W, 3] whose corner is (x0, y0) px, at the image's own size."""
    height, width = image.shape[:2]
    box = (x0, y0, min(x0 + width / scale, width), min(y0 + height / scale, height))
    return np.asarray(Image.fromarray(image).resize((width, height), how, box))


def magnified(intrinsics: np.ndarray, scale: float, x0: float, y0: float) -> np.ndarray:
    """Pinhole matrix [3, 3] px of the window; the first pixel's centre is (0.5, 0.5), so u' = scale (u - x0)."""
    change = np.array([[scale, 0, -scale * x0], [0, scale, -scale * y0], [0, 0, 1]])
    return (change @ intrinsics).astype(intrinsics.dtype)


def relit(rgb: np.ndarray, jitter: float, chance: np.random.Generator) -> np.ndarray:
    """Colours uint8 [H, W, 3] with brightness, contrast and saturation each times 1 - jitter to 1 + jitter."""
    picture = Image.fromarray(rgb)
    for enhance, factor in zip(_LIGHT, chance.uniform(1 - jitter, 1 + jitter, len(_LIGHT)), strict=True):
        picture = enhance(picture).enhance(float(factor))
    return np.asarray(picture)
