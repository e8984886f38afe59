"""小测：笔记本里是普通的列表和折叠的答案，网站上可以作答，不需要内核。

写法见 CONTRIBUTING.md。这里检查写法，并把答案的种类写在框上，作答由 quiz.js 负责。
"""

import re
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from theme import cells

NUMBER = r"[-−]?[\d,，.]+(?:[eE]-?\d+)?%?"


class quiz(nodes.Element):
    """一道小测。``sort`` 是 choice、number 或 order，``margin`` 是允许的误差。"""


def find_quizzes(app: Sphinx, doctree: nodes.document) -> None:
    for section in list(doctree.findall(nodes.section)):
        heading = cells.title(section)
        if not re.match(r"小测\s*\d+", heading):
            continue
        try:
            attributes = read_quiz(section)
        except ValueError as error:
            raise ExtensionError(f"{app.env.docname} 的“{heading}”：{error}") from None
        at = section.index(section.next_node(nodes.title)) + 1
        children = section.children[at:]
        del section[at:]
        section.append(quiz("", *children, **attributes))


def read_quiz(section: nodes.section) -> dict[str, str]:
    """答案是折叠框里第一段的粗体；写法不对时抛出 ValueError，说明缺什么。"""
    children = section.children
    start = next((i for i, n in enumerate(children) if is_details(n)), None)
    if start is None:
        raise ValueError("没有折叠的答案（<details>）")
    before, after = children[:start], children[start + 1 :]
    strong = next((s for n in after for s in n.findall(nodes.strong)), None)
    if strong is None:
        raise ValueError("答案要写成 <details> 里第一段的粗体，例如 **B**")
    options = labels(before, r"([A-Z])[.．]\s")
    feedback = labels(after, r"([^：]+)：")
    return read_answer(strong.astext().strip(), strong.parent.astext(), options, feedback)


def is_details(node: nodes.Node) -> bool:
    return isinstance(node, nodes.raw) and "<details" in node.astext()


def labels(part: list[nodes.Node], pattern: str) -> list[str]:
    """一个列表里各项开头的标记。"""
    items = [item for n in part for item in n.findall(nodes.list_item)]
    found = [re.match(pattern, item.astext()) for item in items]
    if not all(found):
        raise ValueError("选项要写成“A. ……”，反馈要写成“A：……”")
    return [match[1].strip() for match in found]


def read_answer(answer: str, line: str, options: list[str], feedback: list[str]) -> dict[str, str]:
    letters = re.findall(r"[A-Z]", answer)
    if "→" in answer:
        if sorted(letters) != sorted(options):
            raise ValueError(f"次序 {answer} 没有恰好用到每个选项 {'、'.join(options)}")
        return {"sort": "order", "answer": "".join(letters), "margin": ""}
    if options:
        if not letters or not set(letters) <= set(options):
            raise ValueError(f"答案 {answer} 不在选项 {'、'.join(options)} 里")
        if missing := [o for o in options if o not in feedback and "其他" not in feedback]:
            raise ValueError(f"选项 {'、'.join(missing)} 没有反馈")
        return {"sort": "choice", "answer": "".join(sorted(letters)), "margin": ""}
    if not re.fullmatch(NUMBER, answer):
        raise ValueError(f"答案 {answer} 既不是选项，也不是一个数")
    margin = re.search(rf"±\s*({NUMBER})", line)
    return {"sort": "number", "answer": answer, "margin": margin[1] if margin else "0"}


def visit(translator, node: quiz) -> None:
    data = " ".join(f'data-{k}="{escape(node[k])}"' for k in ("sort", "answer", "margin"))
    translator.body.append(f'<div class="quiz" {data}>\n')


def depart(translator, node: quiz) -> None:
    translator.body.append("</div>\n")


def setup(app: Sphinx) -> None:
    app.add_node(quiz, html=(visit, depart))
    app.connect("doctree-read", find_quizzes)
