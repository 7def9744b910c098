"""Does a results.json keep to its schema, and do its figures agree? Says where, what was found, what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

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
    return list(problems(found, here)) or list(disagreements(found))


def problems(found: Any, rule: dict[str, Any]) -> Iterator[str]:
    """Where `found` breaks the schema `rule`: `path: found ..., expected ...`."""
    for error in sorted(Draft202012Validator(rule).iter_errors(found), key=lambda e: [str(step) for step in e.path]):
        yield from _lines(error)


def _lines(error: ValidationError) -> Iterator[str]:
    at, value = error.json_path, cast(Any, error.instance)
    wanted, rule = cast(Any, error.validator_value), cast(dict[str, Any], error.schema)
    if error.validator == "required":
        name = next(name for name in wanted if repr(name) in error.message)
        yield f"{at}.{name}: found nothing, expected {_expected(rule['properties'].get(name, {}))}"
    elif error.validator == "additionalProperties":
        for name in sorted(set(value) - set(rule["properties"])):
            yield f"{at}.{name}: found a name that the schema does not have; it has: {', '.join(rule['properties'])}"
    elif error.validator == "type":
        yield f"{at}: found {_short(value)}, expected {_expected(rule)}"
    elif error.validator == "minItems":
        yield f"{at}: found {len(value)} items, expected at least {wanted}"
    elif error.validator in ("minimum", "maximum"):
        low, high = rule.get("minimum", "any"), rule.get("maximum", "any")
        yield f"{at}: found {value}, expected a number between {low} and {high}"
    elif error.validator in ("const", "enum"):
        yield f"{at}: found {_short(value)}, expected one of {_short(wanted)}"
    else:
        yield f"{at}: {error.message}"


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


def _expected(rule: dict[str, Any]) -> str:
    kinds = rule.get("type", "a value")
    return f"{kinds if isinstance(kinds, str) else ' or '.join(kinds)}" if "$ref" not in rule else "an object"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
