"""Does a results.json keep to its schema? A small validator that says where, what was found and what was expected.

It reads the part of JSON Schema that `results.schema.json` uses: type, const, enum, properties, required,
additionalProperties, items, minItems, minimum, maximum, anyOf and $ref into $defs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
CLOSE = 1e-6
"""Two rates closer than this are the same."""


def schema() -> dict[str, Any]:
    """The schema of this version."""
    return json.loads(files("sapave.bench").joinpath("results.schema.json").read_text())


def check_file(path: Path) -> list[str]:
    """Every problem of a results file, one line each; [] for a sound one. OSError when it cannot be read."""
    try:
        found = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        return [f"$: not JSON ({error})"]
    return check_results(found)


def check_results(found: Any) -> list[str]:
    """Every problem of what results.json holds: first its form; if that is sound, whether its figures agree."""
    here = schema()
    version = here["properties"]["schema"]["const"]
    if isinstance(found, dict) and found.get("schema") != version:
        old = f"schema {found['schema']!r}" if "schema" in found else "no schema number (written before there was one)"
        return [f"$.schema: found {old}, expected {version}; run the evaluation again with this version"]
    return list(problems(found, here, here)) or list(disagreements(found))


def problems(value: Any, rule: dict[str, Any], root: dict[str, Any], at: str = "$") -> Iterator[str]:
    """Where `value` breaks `rule`: `path: found ..., expected ...`."""
    if "$ref" in rule:
        rule = root["$defs"][rule["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in rule:
        tries = [list(problems(value, option, root, at)) for option in rule["anyOf"]]
        yield from min(tries, key=len)
        return
    if "const" in rule and value != rule["const"]:
        yield f"{at}: found {_short(value)}, expected {_short(rule['const'])}"
        return
    if "enum" in rule and value not in rule["enum"]:
        yield f"{at}: found {_short(value)}, expected one of {', '.join(map(str, rule['enum']))}"
        return
    kinds = rule.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{at}: found {_short(value)}, expected {' or '.join(kinds)}"
        return
    if isinstance(value, dict):
        yield from _object(value, rule, root, at)
    elif isinstance(value, list):
        if len(value) < rule.get("minItems", 0):
            yield f"{at}: found {len(value)} items, expected at least {rule['minItems']}"
        for i, item in enumerate(value):
            yield from problems(item, rule.get("items", {}), root, f"{at}[{i}]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if not rule.get("minimum", value) <= value <= rule.get("maximum", value):
            low, high = rule.get("minimum", "any"), rule.get("maximum", "any")
            yield f"{at}: found {value}, expected a number between {low} and {high}"


def _object(value: dict[str, Any], rule: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    known, rest = rule.get("properties", {}), rule.get("additionalProperties", True)
    for name in rule.get("required", []):
        if name not in value:
            yield f"{at}.{name}: found nothing, expected {_expected(known.get(name, {}))}"
    for name, item in value.items():
        if name in known:
            yield from problems(item, known[name], root, f"{at}.{name}")
        elif rest is False:
            yield f"{at}.{name}: found a name that the schema does not have; it has: {', '.join(known)}"
        elif isinstance(rest, dict):
            yield from problems(item, rest, root, f"{at}.{name}")


def disagreements(found: dict[str, Any]) -> Iterator[str]:
    """Figures that cannot all be true, of results whose form is sound."""
    for i, c in enumerate(found["cells"]):
        at = f"$.cells[{i}]"
        for kind in ("arm", "task", "condition"):
            there = [*found[f"{kind}s"], *(["all"] if kind == "task" else [])]
            if c[kind] not in there:
                yield f"{at}.{kind}: found '{c[kind]}', expected one of {', '.join(there)}"
        for name in ("held", "ever", "saw_target"):
            yield from _rate(c[name], c["n"], f"{at}.{name}")
        failed = sum(c["failures"].values())
        if failed != c["n"] - c["held"]["successes"]:
            left = c["n"] - c["held"]["successes"]
            yield f"{at}.failures: found {failed} in all, expected {left} (n minus what was held)"
    for i, pair in enumerate(found["paired"]):
        if not pair["low"] - CLOSE <= pair["difference"] <= pair["high"] + CLOSE:
            yield f"$.paired[{i}].difference: found {pair['difference']}, expected a value inside its own interval"
    if found["comparable"]["ok"] == bool(found["comparable"]["reasons"]):
        yield "$.comparable: found 'ok' and 'reasons' that contradict each other, expected reasons only when not ok"


def _rate(rate: dict[str, Any], n: int, at: str) -> Iterator[str]:
    if rate["n"] != n:
        yield f"{at}.n: found {rate['n']}, expected {n} as in its cell"
    elif rate["successes"] > n:
        yield f"{at}.successes: found {rate['successes']}, expected at most n = {n}"
    elif abs(rate["rate"] - rate["successes"] / max(n, 1)) > CLOSE:
        yield f"{at}.rate: found {rate['rate']}, expected {rate['successes'] / max(n, 1):.6f} (successes / n)"
    elif not rate["low"] - CLOSE <= rate["rate"] <= rate["high"] + CLOSE:
        yield f"{at}.rate: found {rate['rate']}, expected a value inside its interval {rate['low']}-{rate['high']}"


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])


def _expected(rule: dict[str, Any]) -> str:
    kinds = rule.get("type", "a value")
    return f"{kinds if isinstance(kinds, str) else ' or '.join(kinds)}" if "$ref" not in rule else "an object"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
