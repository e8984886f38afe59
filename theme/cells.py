"""文档树里的单元格：认出一格是什么，它画了图还是只打印了字。"""

import re
from collections.abc import Iterator

from docutils import nodes

WIDGET = "application/vnd.jupyter.widget-view+json"


def code_cells(tree: nodes.Node) -> Iterator[nodes.container]:
    return tree.findall(lambda n: isinstance(n, nodes.container) and is_cell(n))


def is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def of(node: nodes.Node) -> nodes.container | None:
    """它是哪一格代码的输出；写在文字里的没有。"""
    while node is not None and not is_cell(node):
        node = node.parent
    return node


def part(cell: nodes.container, name: str) -> nodes.container | None:
    """单元格的代码（``cell_code_source``）或输出（``cell_code_output``）。"""
    is_part = lambda n: isinstance(n, nodes.container) and n.get("nb_element") == name  # noqa: E731
    return next(cell.findall(is_part), None)


def source(cell: nodes.container) -> str:
    code = part(cell, "cell_code_source")
    return code.astext() if code else ""


def shows(cell: nodes.container, kind: str) -> bool:
    """输出里有没有某一种东西，例如 ``WIDGET`` 或 ``image/png``。"""
    return any(n.get("mime_type") == kind for n in cell.findall(nodes.container))


def kind(cell: nodes.container) -> str:
    """``taught`` 讲解、``verify`` 验证、``draw`` 画图、``solution`` 答案、``exercise`` 题目。"""
    tags = {name.removeprefix("tag_") for name in cell["classes"]}
    if "solution" in tags:
        return "solution"
    if "verify" in tags:
        return "verify"
    if "hide-input" in tags:
        return "draw"
    text = source(cell)
    if re.search(r"^check\(", text, re.M) and "raise NotImplementedError" in text:
        return "exercise"
    return "taught"


def starts_with(node: nodes.Node, *words: str) -> bool:
    """一段是不是以这几个粗体词之一开头。"""
    return isinstance(node, nodes.paragraph) and small_title(node) in words


def small_title(paragraph: nodes.paragraph) -> str:
    """一段开头的粗体字；没有就是空的。"""
    first = next((child for child in paragraph.children if child.astext()), None)
    return first.astext() if isinstance(first, nodes.strong) else ""


def title(section: nodes.Node) -> str:
    heading = section.next_node(nodes.title) if isinstance(section, nodes.section) else None
    return heading.astext() if heading else ""
