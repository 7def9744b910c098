"""Paraphrase: the instruction in words that no split has; each task brings them as `templates["paraphrase"]`."""

from __future__ import annotations

from dataclasses import replace

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.layout import Layout
from sapave.sim.tasks._task import Task

KEY = "paraphrase"
"""Key of these wordings in a task's templates."""


class Wording(Change):
    """Another way to say it."""

    def layout(self, layout: Layout, task: Task) -> Layout:
        """Say it in other words; a task without such words is told in those of the test split."""
        g = self.rng()
        thing = layout.standings[0].thing
        templates = task.templates.get(KEY, task.templates["test"])
        noun = thing.family.nouns[int(g.integers(len(thing.family.nouns)))]
        words = {"object": f"{thing.colour} {noun}", "goal": layout.goal.words if layout.goal else ""}
        try:
            text = templates[int(g.integers(len(templates)))].format(**words)
        except KeyError:  # a task whose wordings name more than this: it keeps the instruction of its own split
            return layout
        return replace(layout, instruction=text)


def note(task: Task) -> str:
    """Says when a task has no words of its own."""
    return "" if KEY in task.templates else f"{task.name} has no paraphrases of its own; its test wordings were used"


AXIS = Axis(
    name="paraphrase",
    doc="Instructions in words that no split has.",
    change=Wording,
    alters=frozenset({"words"}),
    low=1.0,
    high=1.0,
    unit="there is only 1",
    note=note,
)
