"""不动的图：给每张图一句文字说明（alt），看不见图的读者靠它。

写在单元格的 ``alt`` 元数据里；没有写的，用图上的标题和前面的一句话代替。
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

from theme import cells

LOGGER = logging.getLogger(__name__)
TITLES = re.compile(r"""title(?:=|\()\s*f?["']([^"'{}]+)["']""")


def describe_figures(app: Sphinx, doctree: nodes.document) -> None:
    for image in doctree.findall(nodes.image):
        if image.get("alt"):
            continue
        cell = image.parent
        while cell is not None and not cells.is_cell(cell):
            cell = cell.parent
        if cell is None:
            raise ExtensionError(f"{app.env.docname} 里的图片 {image['uri']} 没有文字说明（alt）")
        written = cell["cell_metadata"].get("alt")
        image["alt"] = written or derive(cell, doctree)
        if not written and not cells.shows(cell, cells.WIDGET):
            LOGGER.info("没有写 alt，代以：%s %s", app.env.docname, image["alt"])


def derive(cell: nodes.container, doctree: nodes.document) -> str:
    """图上的标题，加上前面一段话的第一句。"""
    titles = "、".join(dict.fromkeys(TITLES.findall(cells.source(cell))))
    before = ""
    for node in doctree.findall():
        if node is cell:
            break
        if isinstance(node, nodes.paragraph):
            before = node.astext()
    sentence = re.split(r"[。？：\n]", before)[0]
    return "图：" + "。".join(filter(None, [titles, sentence]))


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", describe_figures)
