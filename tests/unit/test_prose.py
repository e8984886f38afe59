"""本书的文字：取法，以及随包走的那一份。"""

import json
import re
from pathlib import Path

import pytest

from theme import prose
from utils import load

BOOK = prose.ROOT / "book"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "数据是**手写数字**，见[第 2 章](../ch02.ipynb)的开头。",
            ["数据是手写数字，见第 2 章的开头。"],
        ),
        ("- 先看一次真实的“停住”。它的长度是 $g$，很小。", ["先看一次真实的“停住”。"]),
        ("1. 它为什么会停住？答案在下一节里！", ["它为什么会停住？", "答案在下一节里！"]),
        ("> **一句话**：先猜，再动手拖。", ["一句话：先猜，再动手拖。"]),
        ("他说“今天天气很好。”然后走了出去。", ["他说“今天天气很好。”", "然后走了出去。"]),
        ("`torch.optim` 里有它。", []),
        ("| 领域 | 怎样算鞍点 |", []),
        ("没有句号的一行不是整句", []),
        ("Adam: A Method for Stochastic Optimization 一文。", []),
        ("不对。", []),
    ],
)
def test_sentences(line, expected):
    assert prose.sentences(line) == expected


def test_code_and_headings_are_not_prose(tmp_path):
    cells = [
        ("markdown", "# 第 1 章　开头\n\n这是本章的第一句话。"),
        ("code", "# 这一句是代码里的注释。"),
        (
            "markdown",
            "## 1.1 小节的标题很长。\n```python\n# 这一句也是代码里的注释。\n```\n最后还有一句话。",
        ),
    ]
    notebook = {
        "cells": [
            {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
            for kind, source in cells
        ]
    }
    (tmp_path / "p1").mkdir()
    path = tmp_path / "p1" / "ch01_start.ipynb"
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    assert prose.collect(tmp_path) == "# 第 1 章　开头\n这是本章的第一句话。\n最后还有一句话。\n"


def test_the_packaged_prose_is_this_book():
    """随包走的文字不必跟着每个字改，但至少八成的句子今天还在书里；不到就运行 make prose。"""
    today = set(re.findall(r"[^。！？]+[。！？]", prose.collect(BOOK)))
    packaged = re.findall(r"[^。！？]+[。！？]", prose.PROSE.read_text(encoding="utf-8"))
    still = sum(sentence in today for sentence in packaged) / len(packaged)
    assert still > 0.8, f"只有 {still:.0%} 的句子还在书里，请运行 make prose"


def test_loaded_prose():
    corpus = load("prose")
    assert len(corpus.texts) > 1500 and 60_000 < sum(map(len, corpus.texts)) < 200_000
    assert set(corpus.y.tolist()) == set(range(len(corpus.target_names)))
    assert corpus.target_names[0].startswith("第 1 章")
    assert (corpus.y[1:] >= corpus.y[:-1]).all()
    assert not any(re.search(r"[$`|\\#*]", text) for text in corpus.texts)
    assert prose.PROSE.stat().st_size < 500_000, "它随每个下载的笔记本走"
    assert Path(prose.PROSE).parent.name == "data"
