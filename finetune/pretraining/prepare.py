"""Everything a training run takes along: the tokenizer, natural text already encoded, names. A few megabytes."""

import gzip
import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path

from convrec.finetune.grammar.mixture import Chat, Source
from convrec.finetune.grammar.names import Names, RealNames
from convrec.finetune.grammar.wording import Wording
from convrec.finetune.pretraining.annotated import annotated_chats, title_drills
from convrec.finetune.pretraining.corpus import TextStore, encode_corpus, film_names, film_texts, natural_chats
from convrec.finetune.pretraining.tokens import Encoder, save_tokenizer, train_tokenizer

_LOG = logging.getLogger(__name__)
_CARD = """# Data for pre-training

| source | what is taken | licence |
|---|---|---|
| wikipedia-movies (MIT repository; extracts are Wikipedia's) | facts and extracts of films; titles and people as names | CC BY-SA |
| ReDial, training part (Li et al. 2018) | messages, film ids replaced by titles | CC BY 4.0 |
| CCPE (Radlinski et al. 2019) | the first 80 % of the dialogues | CC BY 4.0 |
| Schema-Guided Dialogue, training part (Rastogi et al. 2020) | utterances; slot spans as gold of the task `understand` | CC BY-SA 4.0 |
| CPCD, validation part (Chaganty et al. 2023) | messages | CC BY 4.0 |

All else is written by this project's own grammar, afresh, while training. About one document in fifty, one name in ten, one
sentence template in six and three domains are never trained on; they are for measuring.
"""


def _sample(source: Source, count: int) -> Iterator[str]:
    rng = random.Random(11)
    for _ in range(count):
        yield from (text for _, text in source.draw(rng))


def tokenizer_texts(data: Path, names: Names, examples: int) -> Iterator[str]:
    """Yields the texts that the tokenizer learns from: natural ones, and examples of the grammar."""
    chats: list[Chat] = natural_chats(data)
    yield from (text for chat in chats for _, text in chat)
    rng = random.Random(3)
    yield from (text for text in film_texts(data) if rng.random() < 0.5)
    yield from _sample(Source(names, Wording()), examples)


def prepare(data: Path, out: Path, vocabulary: int = 12288, examples: int = 9000) -> None:
    """Writes `names.json.gz`, the tokenizer, `text.npz`, `text-heldout.npz` and `CARD.md` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(json.dumps(film_names(data), ensure_ascii=False).encode(), mtime=0)
    (out / "names.json.gz").write_bytes(packed)
    names = Names(RealNames.load(out / "names.json.gz"))
    save_tokenizer(train_tokenizer(tokenizer_texts(data, names, examples), vocabulary), out)
    encoder = Encoder.load(out)
    train, kept = encode_corpus(data, encoder, [*annotated_chats(data), *title_drills(data)])
    TextStore.of(train).save(out / "text.npz")
    TextStore.of(kept).save(out / "text-heldout.npz")
    (out / "CARD.md").write_text(_CARD, encoding="utf-8")
    _LOG.info(
        "%d documents of %d tokens; %d kept for measuring", len(train), sum(len(one.ids) for one in train), len(kept)
    )
