"""Paraphrase: the instruction in words that no split has; each task brings them as `templates["paraphrase"]`."""

from __future__ import annotations

import re
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
        fields = {"surface": layout.scene.surface, **read(layout.instruction, task)}
        templates = task.templates.get(KEY, task.templates["test"])
        text = templates[int(self.rng().integers(len(templates)))].format(**fields)
        return replace(layout, instruction=text)


def read(instruction: str, task: Task) -> dict[str, str]:
    """What an instruction fills into the template it was made from; ValueError when it is of no template."""
    templates = (t for split, texts in task.templates.items() if split != KEY for t in texts)
    for template in sorted(templates, key=lambda t: -len(re.sub(r"{\w+}", "", t))):
        names: set[str] = set()

        def group(found: re.Match[str], names: set[str] = names) -> str:
            name, again = found[1], found[1] in names
            names.add(name)
            return f"(?P={name})" if again else f"(?P<{name}>.+)"

        pattern = re.sub(r"\\{(\w+)\\}", group, re.escape(template))
        if found := re.fullmatch(pattern, instruction):
            return {"goal": "", **found.groupdict()}
    raise ValueError(f"instruction '{instruction}': of no wording of task '{task.name}', so it cannot be paraphrased")


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
