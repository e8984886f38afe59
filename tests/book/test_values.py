"""文字拨动图：值找得到它的图和那一档，找不到时构建停下来说明。"""

import re

import pytest
from book_files import read

from theme.values import LINK, same, traits

FIGURE = """
import matplotlib.pyplot as plt
from utils import Line, explore, sweep

def train(lr, mode):
    for step in range(3):
        yield {"loss": lr * step}

fig, _ = plt.subplots()
explore(sweep(train, lr=[0.1, 0.2], mode=["慢", "快"]), fig, [Line("loss")], alt="一条线")
"""
OTHER = FIGURE.replace("lr", "size").replace("一条线", "另一条线").replace("[0.1, 0.2]", "[1, 5]")


def cells(*texts: str) -> list[dict]:
    guess, look = texts
    sources = {"# 第 1 章　小书": "markdown", guess: "markdown", FIGURE: "code"}
    sources |= {look: "markdown", OTHER: "code"}
    return [{"cell_type": kind, "source": source} for source, kind in sources.items()]


def test_values_find_their_picture_and_position(small_book):
    guess = "## 1.1　节\n\n**先猜**。[大一点](#lr=0.2)？"
    look = "**再看**。[慢而且 0.10](#mode=慢&lr=0.10)，[走完](#step=2)，[五](#size=5)。"
    look += "[$n=1$](#size=1)"
    small_book.write(cells(guess, look))
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    link = '<a class="setting" href="#explorer-{}" data-set="{}">{}</a>'.format
    for number, found, text in [
        (1, "{&quot;axis_0&quot;: 1}", "大一点"),
        (1, "{&quot;axis_1&quot;: 0, &quot;axis_0&quot;: 0}", "慢而且 0.10"),
        (1, "{&quot;step&quot;: 2}", "走完"),
        (2, "{&quot;axis_0&quot;: 1}", "五"),
    ]:
        assert link(number, found, text) in html
    assert 'aria-label="size 拨到 1"><span class="math' in html  # 公式念不出名字
    assert html.count('class="explorer-slot" id="explorer-') == 2


def test_a_value_without_a_picture_stops_the_build(small_book):
    small_book.write(cells("## 1.1　节", "**再看**。[学习率](#lr=0.3)。")[:-1])
    output = small_book.build(1)
    assert "的 lr 没有 0.3 这一档，可以选 0.1、0.2" in output
    assert "“学习率”" in output and "一条线" in output


def test_an_unknown_slider_is_told_with_the_known_ones():
    lr = {"name": "lr", "slider": 0}
    spec = {"hyperparameters": [lr], "sliders": [{"options": ["0.1"]}], "steps": [0, 1]}
    assert traits(spec, [("lr", "0.10"), ("step", "1")]) == {"axis_0": 0, "step": 1}
    with pytest.raises(ValueError, match="没有滑块 rate，只有 lr、step"):
        traits(spec, [("rate", "0.2")])


def test_only_a_name_and_a_value_make_such_a_link():
    assert LINK.fullmatch("#lr=0.3&mode=慢") and LINK.fullmatch("#mode=guided g=0.1")
    assert not LINK.fullmatch("#自注意力") and not LINK.fullmatch("#lr=")
    assert same("0.1", "0.10") and same("慢", "慢") and not same("慢", "快")


def test_addresses_have_no_blanks(path):
    """地址里有空格，Markdown 就不当它是链接，读者看见的是方括号。"""
    text = "".join(
        "".join(c["source"]) for c in read(path)["cells"] if c["cell_type"] == "markdown"
    )
    broken = re.findall(r"\]\(#[^)\s]*[^\S\n][^)]*\)", text)
    assert not broken, f"空格要写成 %20：{broken}"
