"""Fills the templates of the grammar from what stands in a scene: a request, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sapave.base.shelf import shelf
from sapave.data.instructions.grammar import CATEGORIES, slots, templates
from sapave.data.instructions.looking import direction_words, noun_of
from sapave.sim.skills import NECK_POSITION

Entry = dict[str, Any]
"""One thing that can be looked at, as `data/viewpoints.py` lists it."""

SHARES = (0.26, 0.24, 0.18, 0.18, 0.14)
"""How often each of CATEGORIES is asked; one that a scene cannot answer is drawn again."""
ABSENT = 0.04
"""Share of requests that name something which is not there."""
AMBIGUOUS = 0.04
"""Share of requests that several things answer."""
TRIES = 12
CONTENTS = {
    "train": ("spoons", "socks", "paper", "tools", "sweets", "letters"),
    "val": ("towels", "pens"),
    "test": ("keys", "napkins", "stamps"),
}
LARGER, TALLER, FARTHER = 1.6, 1.3, 0.12
"""Ratio of volumes, ratio of heights and difference of distances [m] from which things are called so."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An instruction and what answers it."""

    text: str
    template: str
    category: str
    kind: str
    """`one` | `two_step` | `absent` | `ambiguous`."""
    steps: tuple[tuple[int, ...], ...]
    """Ids that answer each step; empty when nothing does."""
    said: tuple[str, ...] = ()
    """What fills the template's slots: names, directions, uses."""


def article(noun: str) -> str:
    """`a` or `an` before a noun."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def request(
    entries: Sequence[Entry],
    head: np.ndarray,
    split: str,
    g: np.random.Generator,
    *,
    tell: bool | None = None,
    among: Sequence[Entry] | None = None,
    about: Collection[str] = (),
) -> Request:
    """A request about a scene for a head at [2] rad; `tell` True: it says the direction, False: it does not.

    `among`: what is asked for is one of these `entries` (None: of all). `about`: only requests with one of these slots
    in their words, where the scene has any. ValueError when there is nothing to ask for.
    """
    pool = entries if among is None else among
    if not pool:
        raise ValueError("request: found no thing that can be looked at, expected at least one")
    wanted = {entry["id"] for entry in pool}
    kind = float(g.uniform())
    for number in range(TRIES):
        category = "spatial" if tell else str(g.choice(CATEGORIES, p=SHARES)) if number < TRIES - 1 else "centring"
        if tell is None and kind < ABSENT and not about:
            found = _absent(entries, split, g)
        elif tell is None and kind < ABSENT + AMBIGUOUS and number < 3 and not about:
            found = _ambiguous(entries, split, g)
        else:
            found = _Asker(entries, head, split, g).ask(category, tell, pool, about)
        if found is not None and all(not wanted.isdisjoint(ids) for ids in found.steps):
            return found
    thing = pool[int(g.integers(len(pool)))]
    options = templates("centring", split)
    template = next(t for core, t in options if slots(core) == {"object"})
    return Request(
        text=template.format(object=f"the {name_of(thing, split, g)}"),
        template=template,
        category="centring",
        kind="one",
        steps=((thing["id"],),),
    )


def name_of(entry: Entry, split: str, g: np.random.Generator) -> str:
    """What an entry is called: colour and noun mostly, or its noun, its object's own name, or its colour alone."""
    if entry["kind"] == "unit":
        return str(entry["words"])
    if entry["family"] == "tray":
        return "tray"
    full = noun_of(entry, split, g)
    form = float(g.uniform())
    if form < 0.6:
        return full
    if form < 0.75:
        return full.removeprefix(f"{entry['colour']} ")
    if form < 0.9 and entry["model"]:
        names = (entry["model"], *entry["synonyms"])
        return f"{entry['colour']} {names[int(g.integers(len(names)))]}"
    return f"{entry['colour']} thing"


def _absent(entries: Sequence[Entry], split: str, g: np.random.Generator) -> Request | None:
    noun = _missing(entries, split, g)
    return _fill("centring", {"object": lambda: f"the {noun}"}, "absent", (), split, g)


def _missing(entries: Sequence[Entry], split: str, g: np.random.Generator) -> str:
    """Colour and noun of a family of which the scene has nothing."""
    families = shelf("sapave.sim.objects", "FAMILY")
    here = {entry["family"] for entry in entries}
    names = sorted(set(families) - here)
    family = families[names[int(g.integers(len(names)))]]
    return noun_of({"family": family.name, "colour": str(g.choice(family.colours))}, split, g)


def _ambiguous(entries: Sequence[Entry], split: str, g: np.random.Generator) -> Request | None:
    """Something at a place where several things stand: any of them will do."""
    by_place: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry["kind"] == "thing":
            by_place.setdefault(entry["place_words"], []).append(entry)
    crowded = sorted(words for words, there in by_place.items() if len(there) > 1 and words)
    if not crowded:
        return None
    words = crowded[int(g.integers(len(crowded)))]
    ids = tuple(entry["id"] for entry in by_place[words])
    return _fill("centring", {"object": lambda: f"something {words}"}, "ambiguous", (ids,), split, g)


def _fill(
    category: str,
    values: dict[str, Callable[[], str]],
    kind: str,
    steps: tuple[tuple[int, ...], ...],
    split: str,
    g: np.random.Generator,
    core: str = "",
) -> Request | None:
    """A template of the category that needs just these slots (and has this `core`, if given)."""
    fit = [t for c, t in templates(category, split) if (c == core if core else slots(c) == values.keys())]
    if not fit:
        return None
    template = fit[int(g.integers(len(fit)))]
    said = {name: values[name]() for name in sorted(values)}  # sets have no order of their own
    text = template.format(**said)
    return Request(text=text, template=template, category=category, kind=kind, steps=steps, said=tuple(said.values()))


class _Asker:
    """Draws a core of a category and tries to answer its slots."""

    def __init__(self, entries: Sequence[Entry], head: np.ndarray, split: str, g: np.random.Generator) -> None:
        self.all, self.head, self.split, self.g = list(entries), head, split, g
        self.things = [e for e in self.all if e["kind"] == "thing"]
        self.units = [e for e in self.all if e["kind"] == "unit"]

    def ask(self, category: str, tell: bool | None, among: Sequence[Entry], about: Collection[str]) -> Request | None:
        """One try at asking for one of `among`; None when the drawn core does not fit the scene."""
        cores = sorted({core for core, _ in templates(category, self.split)})
        cores = [core for core in cores if not about or not slots(core).isdisjoint(about)]
        if not cores:
            return None
        core = cores[int(self.g.integers(len(cores)))]
        wanted = slots(core)
        if tell is not None and ("direction" in wanted) != tell:
            return None
        kinds = {"unit"} if wanted & {"unit", "first_unit"} else {"thing"}
        anything = wanted == {"object"} and category == "centring"
        pool = [entry for entry in among if anything or entry["kind"] in kinds]
        if not pool:
            return None
        target = pool[int(self.g.integers(len(pool)))]
        values, steps = self._values(core, wanted, target)
        if values is None:
            return None
        kind = "two_step" if len(steps) > 1 else "one"
        return _fill(category, values, kind, steps, self.split, self.g, core)

    def _the(self, entry: Entry) -> Callable[[], str]:
        return lambda: f"the {name_of(entry, self.split, self.g)}"

    def _other(self, *but: Entry) -> Entry | None:
        left = [e for e in self.things if all(e is not b for b in but)]
        return left[int(self.g.integers(len(left)))] if left else None

    def _values(self, core: str, wanted: frozenset[str], target: Entry) -> tuple[Any, tuple[tuple[int, ...], ...]]:
        """(slot -> how to say it, ids of each step), or (None, ()) when the scene does not answer the core."""
        one, none = ((target["id"],),), (None, ())
        said: dict[str, Callable[[], str]] = {"object": self._the(target), "unit": self._the(target)}
        if "direction" in wanted:
            words = direction_words(np.array(target["gaze"]) - self.head)
            if not words:
                return none
            said["direction"] = lambda: words
        if "landmark" in wanted:
            found = self._beside(target, named="object" in wanted)
            if found is None:
                return none
            said["relation"], said["landmark"] = (lambda: found[0]), self._the(found[1])
        if wanted & {"use", "material", "hollow", "goal"}:
            return self._by_nature(wanted, target)
        if wanted & {"first", "second", "first_unit"}:
            return self._of_two(core, wanted, target)
        if "other" in wanted:
            other = self._other(target)
            if other is None:
                return none
            said["other"] = self._the(other)
            gone = _missing(self.all, self.split, self.g)
            if self.g.uniform() < 0.5:  # what is asked for first is not there
                said |= {"object": lambda: f"the {gone}", "a_object": lambda: article(gone)}
                one = ((other["id"],),)
        if "a_object" in wanted and "a_object" not in said:
            said["a_object"] = lambda: article(name_of(target, self.split, self.g))
        if wanted & {"absent", "a_absent"}:
            gone = _missing(self.all, self.split, self.g)
            said |= {"absent": lambda: gone, "a_absent": lambda: article(gone)}
        if wanted == {"content"}:  # anything that can hold it will do
            one = (tuple(e["id"] for e in self.all if e["hollow"] or e["kind"] == "unit"),)
            if not one[0]:
                return none
        if "content" in wanted:
            said["content"] = lambda: str(self.g.choice(CONTENTS[self.split]))
        return {name: said[name] for name in wanted}, one

    def _by_nature(self, wanted: frozenset[str], target: Entry) -> tuple[Any, tuple[tuple[int, ...], ...]]:
        """What it is for, what it is made of, what it can hold."""
        said: dict[str, Callable[[], str]] = {"content": lambda: str(self.g.choice(CONTENTS[self.split]))}
        if "goal" in wanted:
            tray = next((e for e in self.all if e["family"] == "tray"), None)
            if tray is None:
                return None, ()
            return {"goal": lambda: "the tray"}, ((tray["id"],),)
        if "hollow" in wanted:
            if not target["hollow"]:
                return None, ()
            said["hollow"] = self._the(target)
        for name in ("use", "material"):
            if name in wanted:
                value = str(target[name])
                if not value or sum(e[name] == value for e in self.things) > 1:
                    return None, ()
                said[name] = lambda value=value: value
        return {name: said[name] for name in wanted}, ((target["id"],),)

    def _of_two(self, core: str, wanted: frozenset[str], first: Entry) -> tuple[Any, tuple[tuple[int, ...], ...]]:
        second = self._other(first)
        if second is None:
            return None, ()
        said: dict[str, Callable[[], str]] = {
            "first": self._the(first),
            "first_unit": self._the(first),
            "second": self._the(second),
        }
        if "comparison" not in wanted:
            return {name: said[name] for name in wanted}, ((first["id"],), (second["id"],))
        pairs = _comparisons(first, second)
        if not pairs:
            return None, ()
        words, ahead = pairs[int(self.g.integers(len(pairs)))]  # `ahead`: is it the first one?
        said["comparison"] = lambda: words
        chosen = first if ahead else second
        return {name: said[name] for name in wanted}, ((chosen["id"],),)

    def _beside(self, target: Entry, named: bool) -> tuple[str, Entry] | None:
        """A neighbour and how the target stands to it; unless it is named the target must be the nearest one so."""
        for i in self.g.permutation(len(self.things)):
            mark = self.things[int(i)]
            words = relation(target, mark)
            if mark is target or not words:
                continue
            rivals = [e for e in self.things if e is not mark and relation(e, mark) == words]
            if named or min(rivals, key=lambda e: _apart(e, mark)) is target:
                return words, mark
        return None


def _apart(a: Entry, b: Entry) -> float:
    return float(np.linalg.norm(np.subtract(a["position"], b["position"])))


def relation(entry: Entry, mark: Entry) -> str:
    """How an entry stands to a neighbour, as the robot sees it; '' when it is not near or not clear."""
    if _apart(entry, mark) > 0.45:
        return ""
    yaw, pitch = np.subtract(entry["gaze"], mark["gaze"])
    if abs(yaw) > max(0.12, 1.5 * abs(pitch)):
        return "to the left of" if yaw > 0 else "to the right of"
    if pitch > max(0.12, 1.5 * abs(yaw)):
        return "above" if entry["position"][2] > mark["position"][2] + 0.12 else "behind"
    return ""


def _comparisons(a: Entry, b: Entry) -> list[tuple[str, bool]]:
    """(word, does it fit `a` rather than `b`?) for all that clearly tells the two apart."""
    found = []
    volumes = [e["radius"] ** 2 * e["half_height"] for e in (a, b)]
    heights = [e["half_height"] for e in (a, b)]
    ways = [float(np.linalg.norm(np.subtract(e["position"], NECK_POSITION))) for e in (a, b)]
    for (more, less), values, clear in (
        (("bigger", "smaller"), volumes, max(volumes) > LARGER * min(volumes)),
        (("taller", "lower"), heights, max(heights) > TALLER * min(heights)),
        (("farther", "nearer"), ways, abs(ways[0] - ways[1]) > FARTHER),
    ):
        if clear:
            found += [(more, values[0] > values[1]), (less, values[0] < values[1])]
    return found
