"""图片：没有文字说明（alt）就不构建；还没有下载的先留出一样大的位置。

看不见图的读者靠 alt。它写在单元格的 ``alt`` 元数据里；没有写的，用图上的标题和前面的一句话代替。
可拖动的图用 ``explore`` 的 ``alt``，见 theme/explorers.py。
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.images import get_image_size

from theme import cells, explorers

LOGGER = logging.getLogger(__name__)
TITLES = re.compile(r"""title(?:=|\()\s*f?["']([^"'{}]+)["']""")
TAG = re.compile(r"<img\b[^>]*>")
ALT = re.compile(r"""\salt\s*=\s*(?:"\s*[^"\s]|'\s*[^'\s])""")


def describe_figures(app: Sphinx, doctree: nodes.document) -> None:
    for image in doctree.findall(nodes.image):
        cell = cells.of(image)
        if image.get("alt", "").strip() or of_explorer(image):
            continue
        written = cell["cell_metadata"].get("alt", "").strip() if cell else ""
        image["alt"] = written or (derive(cell, doctree) if cell else "")
        if not image["alt"]:
            raise ExtensionError(f"{app.env.docname} {place(cell, doctree)}没有文字说明。{HOW}")
        if not written:
            LOGGER.info("没有写 alt，代以：%s %s", app.env.docname, image["alt"])
    for raw in doctree.findall(nodes.raw):
        if missing := [tag for tag in TAG.findall(raw.astext()) if not ALT.search(tag)]:
            where = place(cells.of(raw), doctree)
            raise ExtensionError(f"{app.env.docname} {where}（{missing[0][:60]}）没有 alt。{HOW}")


HOW = '请用一句话说出图上看得见什么：写在单元格元数据的 alt 里，或 ![这里](…) 与 alt="这里"。'


def of_explorer(image: nodes.image) -> bool:
    """是不是可拖动的图存下来的那张图片：与小部件在同一份输出里。"""
    bundle = image.parent.parent
    return explorers.is_bundle(bundle) and cells.shows(bundle, cells.WIDGET)


def place(cell: nodes.container | None, doctree: nodes.document) -> str:
    """错误信息里说出是哪一格。"""
    if cell is None:
        return "的文字里有一张图"
    number = list(cells.code_cells(doctree)).index(cell) + 1
    first = cells.source(cell).strip().splitlines()[:1]
    return f"的第 {number} 格代码（“{''.join(first)}”）画的图"


def derive(cell: nodes.container, doctree: nodes.document) -> str:
    """图上的标题，加上前面一段话的第一句；都没有就是空的。"""
    titles = "、".join(dict.fromkeys(TITLES.findall(cells.source(cell))))
    before = ""
    for node in doctree.findall():
        if node is cell:
            break
        if isinstance(node, nodes.paragraph):
            before = node.astext()
    sentence = re.split(r"[。？：\n]", before)[0]
    told = "。".join(filter(None, [titles, sentence]))
    return told and f"图：{told}"


LATER = re.compile(r'<img(?=[^>]* loading="lazy")(?=[^>]* src="[^"]*_images/([^"/]+)")')


def reserve(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """滚到附近才下载的图片，先写明宽高：不然它到的时候，下面的文字会跳。"""
    files = {name: Path(app.srcdir, file) for file, (_, name) in app.env.images.items()}

    def with_room(found: re.Match) -> str:
        size = get_image_size(files[found[1]]) if found[1] in files else None
        return f'{found[0]} width="{size[0]}" height="{size[1]}"' if size else found[0]

    if "body" in context:
        context["body"] = LATER.sub(with_room, context["body"])


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", describe_figures)
    app.connect("html-page-context", reserve)
