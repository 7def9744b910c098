"""A rival in the manner of GR00T-N1: a frozen vision-language model and one cross-attending DiT over all 28 dimensions.

No adapter, no pointer, no memory, no spatial tokens, no draft: what the picture and the words say reaches the actions
through cross-attention alone, denoised in 4 steps by as many weights as our decoders have. Its backbone is pretrained
by answering, as language models are (no pointing), and frozen; then camera and hands are learned as one action space
from the same views and episodes, in as many rows as our stages see. Loss, times and the start from zero noise are ours.
Settings are not tuned for it.
"""

from dataclasses import replace

from sapave.train.presets import PRESETS
from sapave.train.recipes._recipe import Recipe

RECIPE = Recipe(
    doc="rival in the manner of GR00T-N1: frozen backbone, one DiT over head and arms, 4 steps",
    changes={
        "decoders": "unified",
        "pointer": False,
        "memory": False,
        "search": False,
        "injection": "none",
        "adapter": "none",
        "draft_layers": 0,
        "decoder_layers": 12,  # as many weights as our two decoders and the draft together: 6.9 M
        "steps": 4,
    },
    stages=(
        replace(PRESETS["stage0"], losses=(("answer", 1.0),), steps=25000),
        replace(PRESETS["stage2"], images=72, views_share=1 / 3, lr=5e-4, steps=40000),
    ),
)
