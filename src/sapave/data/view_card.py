"""The card of a views folder: counts, histograms, the catalogue of things, a sheet of samples, and a README.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sapave.base import runs
from sapave.data.view_files import FORMAT, decode
from sapave.sim.gaze import shown_at

COLUMNS = (
    "kind", "form", "difficulty", "template", "instruction", "commit", "motion", "visible_before", "visible_after",
    "region",
)  # fmt: skip
ASSET = ("family", "model", "colour", "look", "material", "use", "synonyms", "hollow", "radius", "half_height")
SHEET = (6, 4)
"""Columns and rows of the sheet."""
ZOOM = 2
HISTOGRAMS = {
    "yaw_deg": "Head motion in yaw [degrees, left is positive]",
    "pitch_deg": "Head motion in pitch [degrees, up is positive]",
    "visible_before": "Visible fraction of what is asked for, before",
    "visible_after": "Visible fraction of what is asked for, after",
}
BAR = 40
"""Length of the longest bar of a histogram [characters]."""


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a views folder; ValueError when it has none."""
    path = folder / "card.json"
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: no card ({error}); let `sapave views` finish in this folder first") from None


def write_card(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Read all shards, write card.json, assets.parquet, README.md and sheet.png; returns the card. `config`: the
    settings of `sapave views` that the folder was made with, by name."""
    samples = [pq.read_table(p, columns=list(COLUMNS)) for p in sorted(folder.glob("samples-*.parquet"))]
    rows = pa.concat_tables(samples) if samples else pa.table({name: [] for name in COLUMNS})
    found = {name: rows[name].to_pylist() for name in COLUMNS if name not in ("motion", "region")}
    motions = np.rad2deg(np.array(rows["motion"].to_pylist(), float).reshape(-1, 2))
    scenes, assets = _scenes(folder)
    regions = [len(r) // 2 for r in rows["region"].to_pylist() if r]
    card = {
        "format": FORMAT,
        "config": dict(config),
        "samples": rows.num_rows,
        "frames": sum(pq.ParquetFile(p).metadata.num_rows for p in folder.glob("frames-*.parquet")),
        "scenes": sum(scenes.values()),
        "rooms": dict(sorted(scenes.items())),
        "assets": len(assets),
        "kinds": _counts(found["kind"]),
        "forms": _counts(found["form"]),
        "difficulty": _counts(found["difficulty"]),
        "templates": len(set(found["template"])),
        "instructions": len(set(found["instruction"])),
        "commit": round(float(np.mean(found["commit"])), 4) if found["commit"] else 0.0,
        "yaw_deg": _histogram(motions[:, 0], 160),
        "pitch_deg": _histogram(motions[:, 1], 80),
        "visible_before": _histogram(np.array(found["visible_before"], float), 1.0, low=0.0),
        "visible_after": _histogram(np.array(found["visible_after"], float), 1.0, low=0.0),
        "difficulty_by_form": {
            form: _counts([d for d, f in zip(found["difficulty"], found["form"], strict=True) if f == form])
            for form in sorted(set(found["form"]))
        },
        "region_poses": round(float(np.mean(regions)), 2) if regions else 0.0,
        "versions": runs.versions(),
    }
    runs.write_json(folder / "card.json", card)
    if assets:
        things = [dict(zip(ASSET, map(_flat, asset), strict=True)) for asset in assets]
        with runs.atomic(folder / "assets.parquet") as partial:
            pq.write_table(pa.Table.from_pylist(things), partial)
    (folder / "README.md").write_text(_readme(card))
    if card["frames"]:
        _sheet(folder)
    return card


def _counts(values: list[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _flat(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value


def _histogram(values: np.ndarray, high: float, low: float | None = None) -> dict[str, Any]:
    low = -high if low is None else low
    counts, edges = np.histogram(np.clip(values, low, high), bins=12, range=(low, high))
    return {"edges": [round(float(e), 3) for e in edges], "counts": counts.tolist()}


def _scenes(folder: Path) -> tuple[Counter[str], list[tuple]]:
    """Scenes per room, and the distinct things that stand in them, in a fixed order."""
    rooms: dict[int, str] = {}
    assets: set[tuple] = set()
    for path in sorted(folder.glob("frames-*.parquet")):
        table = pq.read_table(path, columns=["seed", "scene", "objects"])
        for seed, scene, objects in zip(*(table[c].to_pylist() for c in ("seed", "scene", "objects")), strict=True):
            if seed in rooms:
                continue
            rooms[seed] = scene
            for entry in json.loads(objects):
                if entry["kind"] == "thing":
                    assets.add(tuple(tuple(v) if isinstance(v, list) else v for v in (entry[k] for k in ASSET)))
    return Counter(rooms.values()), sorted(assets)


def _readme(card: dict[str, Any]) -> str:
    config = card["config"]

    def table(name: str) -> str:
        return "".join(f"| {key} | {value} |\n" for key, value in card[name].items())

    return (
        "---\nlicense: apache-2.0\npretty_name: ActiveViewPose\nconfigs:\n"
        "- config_name: samples\n  data_files: samples-*.parquet\n"
        "- config_name: frames\n  data_files: frames-*.parquet\n"
        "- config_name: assets\n  data_files: assets.parquet\n---\n"
        f"# Views, suite {config['suite']}, split {config['split']}\n\n"
        f"{card['samples']} samples on {card['frames']} frames of {card['scenes']} scenes; {card['assets']} distinct "
        f"things; {card['templates']} templates, {card['instructions']} instructions. Made by `sapave views`; every "
        "label was verified by rendering at it. `card.json` holds every number, `sheet.png` shows samples.\n\n"
        f"| category | samples |\n|---|---|\n{table('kinds')}\n| form | samples |\n|---|---|\n{table('forms')}\n"
        f"| difficulty | samples |\n|---|---|\n{table('difficulty')}\n"
        + "".join(f"{title}:\n\n```\n{_bars(card[name])}```\n\n" for name, title in HISTOGRAMS.items())
    )


def _bars(histogram: dict[str, Any]) -> str:
    """A histogram as lines of text: from, to, how many."""
    edges, counts = histogram["edges"], histogram["counts"]
    unit = max(1, *counts) / BAR
    lines = zip(edges, edges[1:], counts, strict=False)
    return "".join(f"{a:8.2f} to {b:7.2f} {'#' * round(n / unit)} {n}\n" for a, b, n in lines)


def _spread(folder: Path, count: int) -> tuple[list[dict[str, Any]], dict[int, bytes], dict[int, np.ndarray]]:
    """Up to `count` samples from shards evenly spread over the folder, and the pictures [PNG] and head poses [2] rad
    of their frames."""
    shards = sorted(folder.glob("samples-*.parquet"))
    shards = [shards[i * len(shards) // count] for i in range(count)] if len(shards) > count else shards
    chosen: list[dict[str, Any]] = []
    pictures: dict[int, bytes] = {}
    heads: dict[int, np.ndarray] = {}
    for number, path in enumerate(shards):
        samples = pq.read_table(path, columns=["frame_id", "instruction", "kind", "motion"]).to_pylist()
        share = (number + 1) * count // len(shards) - number * count // len(shards)
        picked = [samples[i * len(samples) // share] for i in range(share)] if len(samples) > share else samples
        wanted = [sample["frame_id"] for sample in picked]
        frames = path.with_name(path.name.replace("samples-", "frames-"))
        table = pq.read_table(frames, columns=["frame_id", "rgb", "head"], filters=[("frame_id", "in", wanted)])
        for frame in table.to_pylist():
            pictures[frame["frame_id"]], heads[frame["frame_id"]] = frame["rgb"]["bytes"], np.array(frame["head"])
        chosen += picked
    return chosen, pictures, heads


def _sheet(folder: Path) -> None:
    """Samples from all over the folder: the picture, where it asks to look, and the words."""
    from PIL import Image, ImageDraw

    columns, rows = SHEET
    chosen, pictures, heads = _spread(folder, columns * rows)
    if not chosen:
        return
    height, width = decode(pictures[chosen[0]["frame_id"]], np.uint8).shape[:2]
    cell = (width * ZOOM, height * ZOOM + 44)
    sheet = Image.new("RGB", (columns * cell[0], rows * cell[1]), "white")
    pen = ImageDraw.Draw(sheet)
    for n, sample in enumerate(chosen):
        x, y = n % columns * cell[0], n // columns * cell[1]
        image = Image.fromarray(decode(pictures[sample["frame_id"]], np.uint8))
        sheet.paste(image.resize((width * ZOOM, height * ZOOM)), (x, y))
        half = np.array([width, height]) * ZOOM / 2
        middle, head = half + (x, y), heads[sample["frame_id"]]
        tip = middle + np.clip(shown_at(head + sample["motion"], head), -0.96, 0.96) * half
        pen.line([*middle, *tip], fill=(255, 60, 0), width=3)
        pen.ellipse([*(tip - 4), *(tip + 4)], fill=(255, 60, 0))
        words = sample["instruction"]
        cut = words.rfind(" ", 0, 58) if len(words) > 58 else len(words)
        pen.text((x + 4, y + height * ZOOM + 2), f"{sample['kind']}", fill=(120, 120, 120))
        pen.text((x + 4, y + height * ZOOM + 15), f"{words[:cut]}\n{words[cut:].strip()}", fill=(0, 0, 0))
    with runs.atomic(folder / "sheet.png") as partial:
        sheet.save(partial, "PNG")
