"""正文里的“第 5 章”“2.13 节”链接到那里；笔记本里仍是普通的字。延伸阅读里说的是别的书，不碰。"""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from theme import cells

CHAPTER = re.compile(r"(第 \d+ 章)")
NUMBER = re.compile(r"\d+\.\d+")
SECTIONS = re.compile(r"(?<![\d.])\d+\.\d+(?:[、和与，到至 –]+\d+\.\d+)* 节")


def mentions(tree: nodes.Node):
    """可以放链接的文字：在段落里，不在链接、代码、标题里，也不在延伸阅读里。"""
    for text in list(tree.findall(nodes.Text)):
        inside, around = text.parent, text.parent
        while isinstance(inside, nodes.strong | nodes.emphasis):
            inside = inside.parent
        while around is not None and "延伸阅读" not in cells.title(around):
            around = around.parent
        if isinstance(inside, nodes.paragraph) and around is None:
            yield text


def link_chapters(app: Sphinx, doctree: nodes.document) -> None:
    """第 N 章：只要它写好了。"""
    here = app.env.docname
    done = {f"第 {int(name[2:4])} 章": f"/{page}" for name, page in app.config.finished.items()}
    for text in mentions(doctree):
        parts: list = CHAPTER.split(text)
        for i, mention in enumerate(parts):
            parts[i] = nodes.Text(mention)
            if (page := done.get(mention, f"/{here}")) != f"/{here}":
                link = {"refdomain": "std", "reftype": "doc", "reftarget": page, "refdoc": here}
                parts[i] = pending_xref("", parts[i], refexplicit=True, refwarn=True, **link)
        text.parent.replace(text, parts)


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
        for phrase in SECTIONS.finditer(text):
            for number in NUMBER.finditer(text, phrase.start(), phrase.end()):
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
