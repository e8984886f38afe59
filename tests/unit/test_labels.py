"""滑块的名字上的卡片：术语表里的词、它的英文、本章的记号、步。"""

from types import SimpleNamespace

import pytest
from docutils import nodes

from theme import labels

GLOSSARY = {"学习率": ("learning rate", "一步走多远"), "轮": ("epoch", "把训练集看完一遍")}


@pytest.fixture
def name():
    config = SimpleNamespace(glossary=GLOSSARY)
    builder = SimpleNamespace(get_relative_uri=lambda here, there: f"{there}.html")
    return labels.names(
        SimpleNamespace(config=config, builder=builder), "ch", nodes.document(None, None)
    )


@pytest.mark.parametrize(
    ("label", "meaning"),
    [("学习率 η", "一步走多远"), ("epoch", "把训练集看完一遍"), ("步", "图画到第几步")],
)
def test_a_name_says_what_it_is(name, label, meaning):
    assert f'data-meaning="{meaning}' in name(label)


def test_other_names_stay_as_they_are(name):
    assert name("第几步") == "第几步"
    assert name("a < b") == "a &lt; b"


def test_a_meaning_of_its_own_comes_first(name):
    own = {"学习率": "一步走多远；这里三档", "a < b": "谁大"}
    assert 'data-meaning="一步走多远；这里三档"' in name("学习率", own)
    assert 'data-meaning="谁大"' in name("a < b", own) and "a &lt; b</a>" in name("a < b", own)
