"""A rival: pi0, transformers' own class at small size, with the head's two joints in its action space.

As with GR00T, its vision-language part is pretrained by answering alone, for as many steps as our stage 0. Then the
whole model is fine-tuned, as pi0 is, on the same views and episodes, nothing frozen and so nothing cached: as many rows
a step and as many steps as the GR00T-style rival's. The two losses weigh what they have of 28 dimensions, which is
pi0's own mean; noise, times, velocity and ten steps are pi0's too. Its action expert has as many weights as our
decoders: 7.0 M. Settings are not tuned for it.
"""

from dataclasses import replace

from sapave.base.types import N_HEAD, N_OTHER
from sapave.train.presets import PRESETS
from sapave.train.recipes._recipe import Recipe

_SIZE = N_HEAD + N_OTHER

RECIPE = Recipe(
    doc="rival: pi0 (transformers' own class), head and arms in one action space, all weights learn, 10 steps",
    changes={"kind": "pi0"},
    stages=(
        replace(PRESETS["stage0"], losses=(("answer", 1.0),), steps=25000),
        replace(
            PRESETS["stage2"],
            trains=("backbone", "head_decoder", "other_decoder"),
            losses=(("head", N_HEAD / _SIZE), ("other", N_OTHER / _SIZE)),
            images=54,
            per_image=4,
            views_share=1 / 9,  # 6 pictures of views with 4 instructions each, and 48 of episodes: 72 rows
            token_cache=False,
            lr=5e-4,
            steps=40000,
        ),
    ),
)
