"""第 20 章从零写的 BLEU，在随机的句子上与 sacrebleu 比较：读出笔记本里的那一格来执行。"""

import json
import math
import random
from collections import Counter
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "book" / "p5_sequences" / "ch20_seq2seq.ipynb"


def load_bleu():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    (source,) = ("".join(c["source"]) for c in cells if c["id"] == "ch20-bleu-code")
    namespace = {"math": math, "Counter": Counter}
    exec(compile(source, "ch20-bleu-code", "exec"), namespace)
    return namespace["bleu"]


def sentences(rng, low, high):
    return [rng.choices("甲乙丙丁戊", k=rng.randint(low, high)) for _ in range(rng.randint(1, 6))]


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("max_n", [1, 2, 3, 4])
def test_bleu_agrees_with_sacrebleu(max_n, smooth):
    bleu, scores = load_bleu(), []
    kind = {"smooth_method": "add-k", "smooth_value": 1} if smooth else {"smooth_method": "none"}
    theirs = BLEU(tokenize="none", max_ngram_order=max_n, force=True, **kind)
    for seed in range(30):
        rng = random.Random(seed)
        said = sentences(rng, 1, 12)  # 有的比 max_n 还短，有的比参考长
        wanted = [
            [c if rng.random() < 0.8 else rng.choice("甲乙丙丁戊") for c in s][: rng.randint(1, 12)]
            + rng.choices("甲乙丙丁戊", k=rng.randint(0, 2))
            for s in said
        ]
        texts = [[" ".join(s) for s in group] for group in (said, wanted)]
        reference = theirs.corpus_score(texts[0], [texts[1]]).score / 100
        scores.append(bleu(said, wanted, max_n, smooth))
        assert scores[-1] == pytest.approx(reference, abs=1e-12), (said, wanted)
    assert len({round(s, 6) for s in scores}) > 15 and max(scores) > 0.3  # 各种高低都有
