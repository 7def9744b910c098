"""Where things are at home, by room and by group: one line here puts a family into every room with its group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

GROUPS: Mapping[str, tuple[str, ...]] = {
    "cups": ("cup", "mug", "glass"),
    "fruit": ("apple", "pear", "tangerine", "lemon"),
    "vegetables": ("tomato", "bell_pepper", "onion"),
    "tins": ("can", "jar"),
    "drinks": ("bottle", "carton", "jug"),
    "tea": ("tea_box",),
    "cleaning": ("sponge",),
    "tools": ("screwdriver", "hammer", "tape", "torch"),
    "toys": ("toy_car", "toy_block", "duck"),
    "flowers": ("vase",),
}
"""Families of the objects' shelf that a household keeps together."""

ROOMS: Mapping[str, Mapping[str, Iterable[str]]] = {
    "kitchen": {"left": ("cups", "tea", "cleaning"), "right": ("fruit", "vegetables", "tins", "drinks")},
    "desk": {"left": ("cups", "tea", "tins", "flowers"), "right": ("fruit", "drinks", "cleaning", "toys")},
    "bathroom": {"left": ("cleaning", "cups", "drinks"), "right": ("tins", "tea", "fruit", "flowers")},
    "shelves": {"left": ("fruit", "tea", "toys", "flowers"), "right": ("cups", "tins", "drinks", "cleaning")},
    "sideboard": {"left": ("drinks", "fruit", "flowers"), "right": ("cups", "tea", "tins", "cleaning")},
    "workbench": {"left": ("tins", "cleaning", "drinks"), "right": ("tools", "cups", "tea", "fruit")},
}
"""Room -> side -> groups. What cleans stands with cups in a kitchen, with tins on a workbench ..."""


def homes(room: str, *, swapped: bool = False) -> dict[str, str]:
    """Family -> place (`left`, `right`) in a kind of room; `swapped`: this household does it the other way round."""
    other = {"left": "right", "right": "left"}
    return {
        family: other[side] if swapped else side
        for side, groups in ROOMS[room].items()
        for group in groups
        for family in GROUPS[group]
    }
