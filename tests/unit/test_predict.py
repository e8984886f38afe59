"""“先猜”的卡片：图下面折起来的是答案，正文留在外面。"""

import pytest
from docutils import nodes

from theme import cells, fold, predict, values


def paragraph(text: str) -> nodes.paragraph:
    """``**粗体**`` 开头的、带 ``[值]`` 的一段。"""
    title, bold, rest = text.removeprefix("**").rpartition("**") if "**" in text else ("", "", text)
    made = nodes.paragraph("", "", *([nodes.strong("", title)] if bold else []))
    before, link, after = rest.partition("[0.3]")
    made += nodes.Text(before)
    if link:
        made += values.setting("", "", nodes.Text("0.3"), wanted=[("lr", "0.3")], link="#lr=0.3")
    made += nodes.Text(after)
    return made


def figure() -> nodes.container:
    output = nodes.container(mime_type=cells.WIDGET)
    return nodes.container("", output, nb_element="cell_code", classes=["cell"])


def code() -> nodes.container:
    return nodes.container(nb_element="cell_code", classes=["cell"])


def split(*after: nodes.Node) -> tuple[list[str], list[str]]:
    """（折起来的，留在外面的），都在一张图的下面。"""
    card = [paragraph("**先猜**。哪一个快？"), figure()]
    answer = [paragraph("**再看**。蓝的快。"), paragraph("**为什么**。坡陡。")]
    section = nodes.section("", *card, *answer, *after, ids=["s"])
    document = nodes.document(None, None)
    document += section
    predict.make_cards(None, document)
    (reveal,) = section.findall(fold.fold)
    texts = [node.astext() for node in reveal.children[2:]]
    outside = section.children[section.index(reveal) + 1 :]
    return texts, [node.astext() for node in outside if not cells.is_cell(node)]


@pytest.mark.parametrize(
    "text", ["所以只在左半边成立。", "（这里没有另选 λ。）", "学习率 [0.3] 时，橙的也快。"]
)
def test_a_paragraph_that_goes_on_with_the_answer_is_folded(text):
    folded, shown = split(paragraph(text), paragraph("真实的数据往往相关。"))
    assert [len(folded), len(shown)] == [1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "换目标的办法有两种：",
        "所以下一格换成真实的数据。",
        "所以要拼出任意函数，这叫万能近似定理（universal approximation）。",
        "**它看不见什么**。学习率 [0.3] 时看不出。",
    ],
)
def test_the_text_of_the_section_is_not_folded(text):
    folded, shown = split(paragraph(text), paragraph("所以如此。"))
    assert folded == []
    assert len(shown) == 2  # 正文一开始，后面的也是正文


def test_what_follows_a_cell_is_not_folded():
    folded, shown = split(code(), paragraph("所以如此。"))
    assert [folded, shown] == [[], ["所以如此。"]]
