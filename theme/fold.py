"""可以折叠的一段：``<details>``。不用脚本也能开合，打印与查找都看得见里面的字。"""

from html import escape

from docutils import nodes
from sphinx.application import Sphinx


class fold(nodes.Element):  # 节点的类名就是它在文档树里的名字，小写
    """属性：``show`` 与 ``hide`` 是合上与打开时的按钮文字，``open`` 是没有脚本时是否打开。"""


def wrap(
    children: list[nodes.Node], classes: list[str], show: str, hide: str, is_open: bool = False
) -> fold:
    """把几个节点装进一个可以折叠的框。它们要先离开原来的位置。"""
    return fold("", *children, classes=classes, show=show, hide=hide, open=is_open)


def visit(translator, node: fold) -> None:
    state = " open" if node["open"] else ""
    for name in node["ids"]:
        translator.body.append(f'<span id="{escape(name)}"></span>')
    translator.body.append(
        f'<details class="{" ".join(["fold", *node["classes"]])}"{state}>\n<summary>'
        f'<span class="show">{escape(node["show"])}</span>'
        f'<span class="hide">{escape(node["hide"])}</span></summary>\n'
    )


def depart(translator, node: fold) -> None:
    translator.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    app.add_node(fold, html=(visit, depart))
