"""一节的地址：来自标题的字，插进别的节、换了编号也不变，一页里不重。"""

import re

import pytest

from theme.anchors import slug

HEADINGS = r'<section[^>]* id="([^"]+)">|<span id="([^"]+)"></span>(?=[^\n]*<h\d)'


@pytest.mark.parametrize(
    ("heading", "address"),
    [
        ("2.13　自注意力", "自注意力"),
        ("第 3 章　分类（一）：概率生成模型", "分类-一-概率生成模型"),
        ("练习 4　缺了特征的对数密度（实现 · 10 分钟）", "练习-缺了特征的对数密度"),
        ("3.3　hinge loss：留一点余量（选读）", "hinge-loss-留一点余量"),
        ("20 层与 56 层", "20-层与-56-层"),
        ("？", "节"),
    ],
)
def test_an_address_is_made_of_the_words_of_the_heading(heading, address):
    assert slug(heading) == address


def test_addresses_survive_a_new_section_and_links_still_work(small_book):
    """编号变了，地址不变；同名的节靠上一级分开；标签与 Markdown 的链接照旧。"""
    start = "# 第 1 章　开头\n\n去[后面](#zeta)。"
    topics = {"topics": ["ml.tasks"]}
    second = "## 1.2　动量\n\n### 接下来\n\n二。"
    cells = [
        {"cell_type": "markdown", "source": start},
        {"cell_type": "markdown", "source": "## 1.1　梯度\n\n### 接下来\n\n一。"},
        {"cell_type": "markdown", "source": second, "metadata": topics},
        {"cell_type": "markdown", "source": "## Zeta\n\n三。"},
    ]
    small_book.write(cells)
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    wanted = {"开头", "梯度", "梯度-接下来", "动量", "动量-接下来", "ml-tasks", "zeta"}
    assert wanted <= addresses(html) and 'href="#zeta"' in html
    cells.insert(1, {"cell_type": "markdown", "source": "## 1.1　前面\n\n零。"})
    cells[2]["source"] = "## 1.2　梯度\n\n### 接下来\n\n一。"
    small_book.write(cells)
    small_book.build(0)
    assert addresses(small_book.page.read_text(encoding="utf-8")) == wanted | {"前面"}


def addresses(html: str) -> set[str]:
    """一页里节的全部地址。"""
    return {a or b for a, b in re.findall(HEADINGS, html)}
