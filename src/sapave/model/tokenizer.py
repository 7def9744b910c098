"""Words to numbers: whole words of our own list, and pieces down to single characters for words never seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from tokenizers import Tokenizer as Core
from tokenizers import models, normalizers, pre_tokenizers

PAD, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<s>", "</s>"
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PUNCTUATION = ".,;:!?'\"()-/"
_NAMES = {
    "pad": (PAD, "<|im_end|>"),
    "begin": ("<bos>", BEGIN, "<|im_start|>"),
    "end": ("<eos>", END, "<end_of_utterance>", "<|im_end|>"),
}
"""Special tokens of our own lists and of the published SmolVLM, Qwen and Gemma, the first that is there. Gemma knows
`<s>` and `</s>` too: as HTML, struck through."""


class Tokenizer:
    """Lower-cased words, punctuation on its own; unseen words fall apart into known pieces, so none is lost."""

    def __init__(self, core: Core) -> None:
        self.core = core
        special = {i for i, token in core.get_added_tokens_decoder().items() if token.special}
        for name, options in _NAMES.items():
            known = [i for i in map(core.token_to_id, options) if i is not None]
            found = [i for i in known if i in special] or known  # a published list may hold such words as plain text
            if not found:
                raise ValueError(f"tokenizer: no {name} token; expected one of {', '.join(options)}")
            setattr(self, name, found[0])

    pad: int
    begin: int
    end: int

    @classmethod
    def build(cls, sentences: Iterable[str], limit: int) -> Tokenizer:
        """A tokenizer of at most `limit` entries: the most frequent words of the sentences, and all characters."""
        parts = [PAD, UNKNOWN, BEGIN, END, *CHARACTERS, *PUNCTUATION, *(f"##{c}" for c in CHARACTERS)]
        if limit < len(parts):
            raise ValueError(f"tokenizer: limit {limit}, expected at least {len(parts)} (specials and characters)")
        core = _core({})
        counts: Counter[str] = Counter()
        for sentence in sentences:
            text = core.normalizer.normalize_str(sentence)
            counts.update(word for word, _ in core.pre_tokenizer.pre_tokenize_str(text))
        known = set(parts)
        words = [w for w, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if w not in known]
        return cls(_core({word: i for i, word in enumerate([*parts, *words[: limit - len(parts)]])}))

    @classmethod
    def from_text(cls, text: str) -> Tokenizer:
        """From the content of a tokenizer.json."""
        return cls(Core.from_str(text))

    def to_text(self) -> str:
        """The content of a tokenizer.json."""
        return self.core.to_str()

    def __len__(self) -> int:
        return self.core.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without begin and end."""
        return self.core.encode(text, add_special_tokens=False).ids

    def pieces(self, text: str) -> list[str]:
        """The same as words and pieces, for people."""
        return self.core.encode(text, add_special_tokens=False).tokens

    def known(self, text: str) -> float | None:
        """Share of the words of a text (of two characters or more) that are in the list as a whole, 0 when it has no
        word; None for a published list, whose pieces do not tell."""
        if not isinstance(self.core.model, models.WordPiece):
            return None
        parts = self.core.pre_tokenizer.pre_tokenize_str(self.core.normalizer.normalize_str(text))
        words = [word for word, _ in parts if len(word) > 1]
        return sum(self.core.token_to_id(word) is not None for word in words) / max(1, len(words))

    def decode(self, ids: Sequence[int]) -> str:
        """Text of token ids, special tokens left out, pieces joined."""
        plain = [int(i) for i in ids if int(i) not in (self.pad, self.begin, self.end)]
        if not isinstance(self.core.model, models.WordPiece):  # a published list knows how its pieces join
            return self.core.decode(plain)
        words = [self.core.id_to_token(i) for i in plain]
        return " ".join(w for w in words if w).replace(" ##", "")

    def instructions(self, texts: Sequence[str], length: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids int64 [B, length] that start with the begin token, and mask bool [B, length]; longer texts are cut."""
        rows = [[self.begin, *self.encode(text)][:length] for text in texts]
        return _padded(rows, length, self.pad)

    def answers(self, texts: Sequence[str]) -> np.ndarray:
        """Ids int64 [B, A] that end with the end token, padded with -100; an empty text is all -100."""
        rows = [[*self.encode(text), self.end] if text else [] for text in texts]
        return _padded(rows, max(1, *map(len, rows)) if len(rows) > 1 else max(1, len(rows[0])), -100)[0]


def _padded(rows: Sequence[Sequence[int]], length: int, fill: int) -> tuple[np.ndarray, np.ndarray]:
    ids = np.full((len(rows), length), fill, np.int64)
    mask = np.zeros((len(rows), length), bool)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = True
    return ids, mask


def _core(vocabulary: dict[str, int]) -> Core:
    core = Core(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=60))
    core.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()])
    core.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    return core
