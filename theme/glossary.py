"""术语卡片：正文里的术语，每节第一次出现时，鼠标停住、键盘走到或点一下，就看见术语表里的那一行。

没有脚本时是到术语表的链接。标题、链接、代码、表格、小测里的不算；正在定义它的那一节（粗体）也不算。
"""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cache
from html import escape
from pathlib import Path

import jieba
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from theme import cells
from theme.plain import plain_math
from theme.quiz import quiz

PAGE = "book/appendix/glossary"
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", re.M)
# 平常话里也用、意思却不同的词，认不准，不做卡片
EVERYDAY = set(
    "轮 键 值 头 图 更新 高原 间隔 收缩 平滑 打散 门槛 集成 洗牌 遗憾 截断 超前 消融 查询 温度 "
    "偏差 种子 核宽 合格线 优化问题".split()
)


class card(nodes.Inline, nodes.TextElement):
    """一个术语；``word`` 是术语表里的写法。"""


def read_glossary(text: str) -> dict[str, tuple[str, str]]:
    """词 -> 英文与一句话；公式换成读得出的字。"""
    plain = lambda cell: re.sub(r"\$([^$]+)\$", lambda m: plain_math(m[1]), cell)  # noqa: E731
    rows = [row for row in ROW.findall(text) if row[0] != "中文" and set(row[0]) != {"-"}]
    return {word.strip("*"): (english, plain(meaning)) for word, english, meaning in rows}


def load(app: Sphinx, config: Config) -> None:
    path = Path(app.srcdir, f"{PAGE}.md")
    config.glossary = read_glossary(path.read_text(encoding="utf-8"))


def anchor(word: str) -> str:
    return "term-" + re.sub(r"[\W_]+", "-", word).strip("-")


def name_rows(app: Sphinx, doctree: nodes.document) -> None:
    """术语表的每一行有自己的地址。"""
    if app.env.docname == PAGE:
        for row in doctree.findall(nodes.row):
            cell = row.next_node(nodes.paragraph)
            if cell is not None and cell.astext() in app.config.glossary:
                cell["ids"].append(anchor(cell.astext()))


class Finder:
    """在一段文字里找术语：长的优先，两端都落在词的边界上（“特征值”里没有“特征”）。"""

    def __init__(self, words: Sequence[str]) -> None:
        jieba.initialize()
        self.tokenizer = copy(jieba.dt)  # 另读一遍词典要一秒多
        self.tokenizer.FREQ = jieba.dt.FREQ.copy()  # 术语只加在自己这一份里
        for word in words:
            self.tokenizer.add_word(word)
        longest_first = sorted(set(words) - EVERYDAY, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def find(self, text: str) -> Iterator[re.Match]:
        tokens = list(self.tokenizer.tokenize(text, HMM=False))
        edges = {0, len(text), *(end for _, _, end in tokens), *(start for _, start, _ in tokens)}
        yield from (m for m in self.pattern.finditer(text) if {m.start(), m.end()} <= edges)


@cache
def finder_of(words: tuple[str, ...]) -> Finder:
    """一次构建只要一个：每加一个词，都要重算它的各个前缀。"""
    return Finder(words)


def passages(section: nodes.Node) -> Iterator[nodes.Text]:
    """可以放卡片的文字：段落与列表里的，先后照旧；链接里不再放链接。"""
    skipped = (nodes.reference, nodes.entry, nodes.literal, nodes.citation, quiz)
    for text in list(section.findall(nodes.Text)):
        node, inside = text.parent, False
        while node is not None and node is not section and not isinstance(node, skipped):
            inside = inside or isinstance(node, nodes.paragraph)
            setting = node.tagname == "setting"  # values.py 的链接；它经过 labels.py 导入这里
            if setting or cells.is_cell(node) or "延伸阅读" in cells.title(node):
                break
            node = node.parent
        if node is section and inside:
            yield text


def mark(section: nodes.Node, finder: Finder) -> None:
    """一节里每个术语的第一次出现。"""
    seen: set[str] = set()
    for text in passages(section):
        parts, at = [], 0
        for found in finder.find(text):
            if found[0] in seen:
                continue
            seen.add(found[0])
            if isinstance(text.parent, nodes.strong):
                continue
            parts += [nodes.Text(text[at : found.start()]), card("", found[0], word=found[0])]
            at = found.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[at:])])


def add_cards(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if docname not in app.config.finished.values() or not app.config.glossary:
        return
    finder = finder_of(tuple(app.config.glossary))
    for chapter in doctree.children:
        for section in [n for n in chapter.children if isinstance(n, nodes.section)]:
            if "延伸阅读" not in cells.title(section):
                mark(section, finder)


def link(href: str, english: str, meaning: str) -> str:
    """卡片的开头：鼠标停住、键盘走到、点一下（terms.js），就显示英文与一句话。"""
    data = f'data-english="{escape(english)}" data-meaning="{escape(meaning)}"'
    return f'<a class="term" href="{href}" {data}>'


def card_link(app: Sphinx, docname: str, word: str) -> str:
    page = app.builder.get_relative_uri(docname, PAGE)
    return link(f"{page}#{anchor(word)}", *app.config.glossary[word])


def visit(translator, node: card) -> None:
    builder = translator.builder
    translator.body.append(card_link(builder.app, builder.current_docname, node["word"]))


def depart(translator, node: card) -> None:
    translator.body.append("</a>")


def setup(app: Sphinx) -> None:
    app.add_config_value("glossary", {}, "html")  # 术语表改了，各页重写
    app.add_node(card, html=(visit, depart))
    app.connect("config-inited", load)
    app.connect("doctree-read", name_rows)
    app.connect("doctree-resolved", add_cards, priority=600)  # 别的链接都放好以后
