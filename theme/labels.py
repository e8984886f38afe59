"""滑块的名字：术语表里的词（也认英文），或者名字就是本章符号表里的一个记号，放上术语卡片。

单元格的 metadata 里 ``controls`` 写明了意思的，用那一句。“步”另有一句：步数的滑块到处都有。

名字里另有说明的（“留下的秩 K”）不查记号：说明已经在了，符号表里的同一个字母可能是别的意思。

骨架（explorers.py）里的名字带着卡片，真的滑块来了以后照它换上（view.js）。
"""

import re
from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType

from docutils import nodes
from sphinx.application import Sphinx

from theme import glossary
from theme.search import plain

STEP = ("步", "step", "图画到第几步。拖动它，或者按“播放”，看过程一步步地走。")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789", "_")


def symbol_table(document: nodes.document) -> tuple[dict[str, str], str]:
    """小结里的符号表：记号 -> 那一行（``N, D：样本数、特征数``）；和它所在一节的地址。"""
    meanings: dict[str, str] = {}
    place = ""
    for table in document.findall(nodes.table):
        head, *rows = ([plain(e) for e in row.children] for row in table.findall(nodes.row))
        if head[:2] != ["符号", "含义"]:
            continue
        for symbols, meaning, *_ in rows:
            for symbol in re.split(r"[,;，；、（）]", symbols):
                meanings.setdefault(symbol.strip(), f"{symbols}：{meaning}")
        section = table.parent
        while not isinstance(section, nodes.section):
            section = section.parent
        place = f"#{section['ids'][0]}"
    return meanings, place


def names(app: Sphinx, docname: str, document: nodes.document) -> Callable[..., str]:
    """滑块的名字（与这一格自己写明的意思）-> 放好卡片的 HTML；哪里都没有的照原样。"""
    words = app.config.glossary
    finder = glossary.finder_of(tuple(words))
    symbols, place = symbol_table(document)
    english = {e: word for word, (terms, _) in words.items() for e in terms.split(", ")}

    def name(label: str, own: Mapping[str, str] = MappingProxyType({})) -> str:
        if label in own:
            return f"{glossary.link('#', '', own[label])}{escape(label)}</a>"
        if label == STEP[0]:
            return f"{glossary.link('#', *STEP[1:])}{label}</a>"
        if label in english:
            return f"{glossary.card_link(app, docname, english[label])}{escape(label)}</a>"
        parts = label.split()  # “批量大小 B”
        found = [parts[0]] if parts[0] in words else []
        found += [match[0] for match in finder.find(re.sub(r"（.*?）", "", label))]
        if found:
            link = glossary.card_link(app, docname, found[0])
            return escape(label).replace(escape(found[0]), f"{link}{escape(found[0])}</a>", 1)
        if row := symbols.get(label.translate(SUBSCRIPTS)):
            return f"{glossary.link(place, '', row)}{escape(label)}</a>"
        return escape(label)

    return name
