"""A checkpoint's card: README.md with the hub's front matter, from its own config, notes and results; nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import safe_open

from sapave.model.checkpoint import WEIGHTS, load_config
from sapave.model.checkpoint import identity as weights_identity
from sapave.model.kind import config_of, kind_of

CARD, RESULTS = "README.md", "results.json"
TAGS = ["robotics", "vision-language-action", "active-perception", "humanoid"]


def card(
    folder: str | Path, *, repo: str = "", results: Path | None = None, license: str = "apache-2.0", name: str = ""
) -> str:
    """The text of the card. `results` is the folder's results.json by default; figures of other weights are left out.

    `name` is the title (the repository's or the folder's by default). ValueError names the file that does not fit.
    """
    from huggingface_hub import ModelCardData

    folder = Path(folder)
    content = load_config(folder)
    identity = weights_identity(content)[:12]
    figures, remark = _figures(results, folder, identity)
    title = name or repo or f"sapave-{folder.resolve().name}"
    mine = [arm for arm, weights in figures.get("weights", {}).items() if weights == identity]
    data = ModelCardData(
        license=license,
        library_name="sapave",
        pipeline_tag="robotics",
        language="en",
        tags=TAGS,
        model_name=title,
        eval_results=_eval_results(figures, mine) or None,
    )
    where = repo or str(title if "/" in title else "FOLDER")
    parts = [
        f"---\n{data.to_yaml()}\n---\n",
        f"# {title}\n",
        f"{kind_of(config_of(content['model'])).about}\n"
        "Made by `sapave`, an open reimplementation; these are not the paper's weights.\n",
        "## Use\n",
        "```python\nfrom sapave.model.hub import from_pretrained\n\n"
        f'model, processor = from_pretrained("{where}")\n```\n',
        f"```\nsapave eval --checkpoint {where}\n```\n",
        "## Model\n",
        "\n".join(_model(content, folder, identity)) + "\n",
        "## Results\n",
        "\n".join(_results(figures, mine) if figures else [remark]) + "\n",
        "## How it was made\n",
        "\n".join(_made(content)),
    ]
    return "\n".join(parts) + "\n"


def _figures(given: Path | None, folder: Path, identity: str) -> tuple[dict[str, Any], str]:
    """Results with an arm of these weights, or nothing and the sentence that says why."""
    path = given or folder / RESULTS
    if given is None and not path.is_file():
        return {}, "None are recorded with this checkpoint."
    try:
        figures = json.loads(path.read_text())
        known = set(figures["weights"].values())
        if not {"cells", "list", "suite", "protocol"} <= figures.keys():
            raise KeyError("cells")
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path}: not a results.json that `sapave eval` wrote") from None
    if identity not in known:
        if given is not None:
            raise ValueError(f"{path}: of weights {', '.join(sorted(known))}; this checkpoint's are {identity}")
        return {}, "None are recorded with this checkpoint (its results.json is of other weights)."
    return figures, ""


def _eval_results(figures: dict[str, Any], mine: list[str]) -> list[Any]:
    """The hub's own record of the held rate of each cell of these weights, in percent."""
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type="robotics",
            dataset_type=f"sapave-{figures['suite']}",
            dataset_name=f"{figures['suite']}, list {figures['list']['name']} {figures['list']['digest']}",
            metric_type="success_rate",
            metric_name=f"held, % ({cell['arm']}, {cell['task']}, {cell['condition']}, n = {cell['n']})",
            metric_value=round(100 * cell["held"]["rate"], 1),
        )
        for cell in figures.get("cells", [])
        if cell["arm"] in mine
    ]


def _model(content: dict[str, Any], folder: Path, identity: str) -> Iterable[str]:
    config = config_of(content["model"])
    sizes: dict[str, int] = {}
    kinds = set()
    places = [folder, *([folder / content["base"]["folder"]] if "base" in content else [])]
    for place in places:
        try:
            with safe_open(place / WEIGHTS, "pt") as weights:
                for key in weights.keys():
                    part = weights.get_slice(key)
                    sizes[key] = math.prod(part.get_shape())
                    kinds.add(part.get_dtype())
        except OSError:
            raise ValueError(f"{place / WEIGHTS}: missing or unreadable; expected a whole checkpoint folder") from None
    yield "| | |\n|---|---|"
    yield f"| parameters | {sum(sizes.values()) / 1e6:.1f} M, stored as {', '.join(sorted(kinds))} |"
    yield f"| weights | sha256 `{identity}…` |"
    yield from (f"| {name} | {value} |" for name, value in kind_of(config).facts(config))
    yield f"| action | chunk of {config.k} rows: {config.n_head} head, {config.n_other} arm and hand increments |"
    yield f"| state | {config.state_size} numbers |"


def _results(figures: dict[str, Any], mine: list[str]) -> Iterable[str]:
    comparable = figures.get("comparable", {})
    for reason in comparable.get("reasons", []):
        yield f"**Not comparable: {reason}**\n"
    listed = figures["list"]
    yield (
        f"In simulation: suite `{figures['suite']}`, list `{listed['name']}` ({listed['digest']}), protocol "
        f"{figures['protocol']['version']}, measured {figures.get('created', 'at an unknown time')}. "
        "Percent with 95 % intervals.\n"
    )
    for axis in figures.get("axes", []):
        yield f"Axis `{axis['name']}` = {axis['strength']:g}: {axis['doc']}\n"
    yield "| arm | task | condition | n | held | ever |\n|---|---|---|---|---|---|"
    for cell in figures["cells"]:
        arm = f"**{cell['arm']}**" if cell["arm"] in mine else cell["arm"]
        rates = " | ".join(_rate(cell[kind]) for kind in ("held", "ever"))
        yield f"| {arm} | {cell['task']} | {cell['condition']} | {cell['n']} | {rates} |"
    yield ""
    for arm, doc in figures.get("arm_docs", {}).items():
        yield f"- {arm}: {doc}" + (" (**these weights**)" if arm in mine else "")
    yield "\nHow it is counted:\n"
    yield from (f"- {words}" for words in figures["protocol"].get("words", []))


def _rate(rate: dict[str, Any]) -> str:
    interval = f" ({100 * rate['low']:.0f}–{100 * rate['high']:.0f})" if {"low", "high"} <= rate.keys() else ""
    return f"{100 * rate['rate']:.1f}{interval}"


def _made(content: dict[str, Any]) -> Iterable[str]:
    for key, value in content.get("notes", {}).items():
        yield f"- {key}: {value if isinstance(value, str) else json.dumps(value)}"
    found = {name: text for name, text in content.get("versions", {}).items() if text and text != "absent"}
    if found:
        yield "- versions: " + ", ".join(f"{name} {text}" for name, text in found.items())
    yield "\n<details><summary>config</summary>\n"
    yield f"```json\n{json.dumps(content['model'], indent=1)}\n```\n\n</details>"
