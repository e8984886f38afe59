"""正文里的“第 5 章”“第 3、4 章”“2.13 节”链接到那里；笔记本里仍是普通的字。延伸阅读说的是别的书。

已经说了是什么，就不再写“节”“章”：“怎么读”那一段、表格里“哪一节”那一列的号码是节，“意思（章）”那一列括号里的是章。
"""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from theme import cells

CHAPTERS = re.compile(r"第 \d+(?:[、和与，到至 –]+\d+)* 章")
DIGITS = re.compile(r"\d+")
SECTION = re.compile(r"\d+\.\d+")
SECTIONS = re.compile(r"(?<![\d.])\d+\.\d+(?:[、和与，到至 –]+\d+\.\d+)* 节")
LISTED = re.compile(r"（\d[^（）]*）")
LISTED_CHAPTER = re.compile(r"(?<![\d.])(?<!练习 )\d+(?![\d.])")
LISTED_SECTION = re.compile(r"(?<=[（、])\d+\.\d+")


def mentions(tree: nodes.Node):
    """可以放链接的文字：在段落里，不在链接、代码、标题里，也不在延伸阅读那一节里。"""
    for text in list(tree.findall(nodes.Text)):
        inside, around = text.parent, text.parent
        while isinstance(inside, nodes.strong | nodes.emphasis):
            inside = inside.parent
        while around is not None and not isinstance(around, nodes.section):
            around = around.parent
        elsewhere = around is not None and "延伸阅读" in cells.title(around)
        if isinstance(inside, nodes.paragraph) and not elsewhere:
            yield text


def heading(text: nodes.Text) -> str:
    """文字在表格里的话，它那一列的名字。"""
    entry = text.parent
    while entry is not None and not isinstance(entry, nodes.entry):
        entry = entry.parent
    head = entry and next(entry.parent.parent.parent.findall(nodes.thead), None)
    return head[0][entry.parent.index(entry)].astext() if head else ""


def chapter_phrases(text: nodes.Text):
    """提到章的话：(起止, 里面的号码)。只有一个号码时，整句话是链接。"""
    if heading(text).endswith("（章）"):
        for phrase in LISTED.finditer(text):
            for number in LISTED_CHAPTER.finditer(text, *phrase.span()):
                yield number.span(), [number]
    for phrase in CHAPTERS.finditer(text):
        yield phrase.span(), list(DIGITS.finditer(text, *phrase.span()))


def section_numbers(text: nodes.Text):
    """提到节的号码。"""
    named = heading(text)
    if named.endswith("（章）"):  # 章的号码已经是链接，一句话断成了几截
        yield from LISTED_SECTION.finditer(text)
    listed = named == "哪一节" or cells.starts_with(text.parent, "怎么读")
    for phrase in (SECTION if listed else SECTIONS).finditer(text):
        yield from SECTION.finditer(text, *phrase.span())


def link_chapters(app: Sphinx, doctree: nodes.document) -> None:
    """第 N 章：只要它写好了。几章连着说的，一个号码一个链接。"""
    here = app.env.docname
    done = {int(name[2:4]): page for name, page in app.config.finished.items()}
    for text in mentions(doctree):
        parts, at = [], 0
        for phrase, numbers in chapter_phrases(text):
            for number in numbers:
                page = done.get(int(number[0]), here)
                if page == here:
                    continue
                start, end = phrase if len(numbers) == 1 else number.span()
                link = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}"}
                link |= {"refdoc": here, "refexplicit": True, "refwarn": True}
                shown = nodes.Text(text[start:end])
                parts += [nodes.Text(text[at:start]), pending_xref("", shown, **link)]
                at = end
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[at:])])


def section_places(env: BuildEnvironment, pages: list[str]) -> dict[str, tuple[str, str]]:
    """节的编号，例如 ``2.13`` -> 页面名与锚点。"""
    places = {}
    for page in pages:
        for link in env.tocs[page].findall(nodes.reference):
            if found := re.match(r"(\d+\.\d+)\s", link.astext()):
                places[found[1]] = page, link["anchorname"]
    return places


def link_sections(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """N.M 节，也认“2.9、2.10 节”。读完全部页面才知道每一节的锚点，所以放在最后。"""
    places = section_places(app.env, list(app.config.finished.values()))
    for text in mentions(doctree):
        parts, at = [], 0
        for number in section_numbers(text):
            if number[0] not in places:
                continue
            page, anchor = places[number[0]]
            uri = "" if page == docname else app.builder.get_relative_uri(docname, page)
            parts += [nodes.Text(text[at : number.start()])]
            link = nodes.reference("", number[0], internal=True, refuri=uri + anchor)
            parts += [link]
            at = number.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[at:])])


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", link_chapters)
    app.connect("doctree-resolved", link_sections)
