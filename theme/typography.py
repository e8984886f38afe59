"""中文排版里样式表做不到的两件事：公式后面的标点不落到行首，符号表在手机上排成卡片。"""

import re

from docutils import nodes
from sphinx.application import Sphinx

MATH = '<span class="math notranslate nohighlight">[^<]*</span>'
FORMULA = re.compile(  # 整个链接、整段粗体是一条公式的也算
    rf"({MATH}|<(?P<tag>a|strong|em)\b[^>]*>{MATH}</(?P=tag)>)(?P<marks>[，。、；：？！）”」》]+)"
)


def keep_punctuation(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """公式是一整块，浏览器会在它后面断行，哪怕接着的是逗号。"""
    if "body" in context:
        context["body"] = FORMULA.sub(r'<span class="keep">\1\g<marks></span>', context["body"])


def name_symbol_tables(app: Sphinx, doctree: nodes.document) -> None:
    for table in doctree.findall(nodes.table):
        heading = table.next_node(nodes.thead)
        if heading and heading.astext().split()[:1] in (["符号"], ["记号"]):
            table["classes"].append("symbols-table")


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", keep_punctuation)
    app.connect("doctree-read", name_symbol_tables)
