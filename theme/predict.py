"""先猜，再揭晓：“先猜”成为图旁边的卡片，“再看”与“为什么”折在图的下面。

笔记本里它们是普通的段落，以这几个粗体词开头。没有脚本时全部展开。
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

from theme import cells, fold, values

GUESS, REVEAL = ("先猜",), ("再看", "为什么")
# “为什么”以后的段落，这样开头就还在回答同一个问题：离开折着的那几段，读不通
GOES_ON = re.compile(r"所以|同样的|反过来|于是|因此|（|再看|这说明|这也说明|对照")
# 说的是后面的一格、一节，或者定下一个新的词：是正文
LEADS_ON = re.compile(r"下一?[格节面幅章]|节再|[叫称][^，。；：]{0,14}（[^）]*[A-Za-z]")


def make_cards(app: Sphinx, doctree: nodes.document) -> None:
    number = 0
    for section in list(doctree.findall(nodes.section)):
        for start in [n for n in section.children if cells.starts_with(n, *GUESS)]:
            if explorer := find_explorer(section.children, section.index(start)):
                number += 1
                build_card(section, section.index(start), explorer, number)


def find_explorer(children: list[nodes.Node], start: int) -> int | None:
    """“先猜”之后的第一幅图是第几个；先遇到下一个“先猜”或下一节，就没有。"""
    for i in range(start + 1, len(children)):
        node = children[i]
        if isinstance(node, nodes.section) or cells.starts_with(node, *GUESS, *REVEAL):
            return None
        if cells.is_cell(node) and cells.shows(node, cells.WIDGET):
            return i
    return None


def build_card(section: nodes.section, start: int, explorer: int, number: int) -> None:
    children = section.children
    end = next(i for i in range(start, explorer + 1) if cells.is_cell(children[i]))
    guess, between = children[start:end], children[end:explorer]
    figure, after = children[explorer], children[explorer + 1 :]
    shown = answer(after)
    if not shown:
        return
    card = nodes.container("", *guess, classes=["guess"], ids=[f"guess-{number}"])
    reveal = fold.wrap(after[:shown], ["reveal"], "揭晓：再看，为什么", "收起", True)
    quiet = all(cells.is_cell(n) and not cells.part(n, "cell_code_output") for n in between)
    # 中间的代码打印了东西，就让问题留在它前面：先猜，再看到数
    head = [*between, card] if quiet else [card, *between]
    section[start:] = [*head, figure, reveal, *after[shown:]]


def answer(after: list[nodes.Node]) -> int:
    """图之后有几个节点属于揭晓：到“为什么”为止，连同接着它的公式、列表与段落。没有就是 0。"""
    end = 0
    for i, node in enumerate(after):
        reveals = cells.starts_with(node, *REVEAL)
        if end == i > 0 and (continues(after[i - 1], node) or goes_on(node)):
            end = i + 1  # 公式、列表接着上一段，段落接着公式
        elif reveals:
            end = i + 1
        elif not reveals_soon(after[i:]):
            break
    return end


def continues(before: nodes.Node, node: nodes.Node) -> bool:
    if isinstance(node, nodes.math_block | nodes.bullet_list | nodes.enumerated_list):
        return True
    return isinstance(before, nodes.math_block) and isinstance(node, nodes.paragraph)


def goes_on(node: nodes.Node) -> bool:
    """还在说这幅图的一段：以承上的词开头，或者里面有拨动这幅图的值。正文的段落不折。"""
    if not isinstance(node, nodes.paragraph) or cells.small_title(node):
        return False
    text = node.astext()
    if LEADS_ON.search(text):
        return False
    return bool(GOES_ON.match(text)) or any(node.findall(values.setting))


def reveals_soon(following: list[nodes.Node]) -> bool:
    """同一格文字里，或者隔着几格核对的代码，接下来还有“再看”或“为什么”。"""
    for node in following:
        figure = cells.is_cell(node) and cells.shows(node, cells.WIDGET)
        if figure or isinstance(node, nodes.section) or cells.starts_with(node, *GUESS):
            return False
        if cells.starts_with(node, *REVEAL):
            return True
    return False


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", make_cards, priority=500)
