"""小测与选读：普通的 Markdown 构建成可以作答、可以折叠的样子；写错了构建会停下来说明。"""

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from myst_parser.parsers.docutils_ import Parser

from theme.quiz import read_quiz

TITLE = "# 第 1 章　小书\n\n介绍一句。\n"
CHOICE = """\
### 小测 1　学习率加倍

误差怎样走？

- A. 单调下降
- B. 换边而且缩小

<details>
<summary>答案</summary>

**B**

- A：步子大了，每一步都跨过谷底。
- B：每步乘一个负数。

</details>
"""
NUMBER = """\
### 小测 2　更新几次

六万个样本，批量 100？

<details>
<summary>答案</summary>

**600**（±0.5）

- 60000：这是样本数。
- 其他：样本数除以批量。

</details>
"""
ORDER = CHOICE.replace("小测 1", "小测 3").replace("**B**", "**B → A**")


def markdown(*cells: str) -> list[dict]:
    return [{"cell_type": "markdown", "source": source} for source in (TITLE, *cells)]


def test_three_kinds_of_quiz(small_book):
    small_book.write(markdown("## 1.1　小测\n", CHOICE, NUMBER, ORDER))
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    assert 'data-sort="choice" data-answer="B"' in html
    assert 'data-sort="number" data-answer="600" data-margin="0.5"' in html
    assert 'data-sort="order" data-answer="BA"' in html
    assert html.count("<details>") == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("**B**", "**C**", "不在选项"),
        ("**B**", "就是 B", "粗体"),
        ("- A：步子大了，每一步都跨过谷底。\n", "", "没有反馈"),
        ("- A. 单调下降", "- 单调下降", "A. "),
    ],
)
def test_a_quiz_written_wrongly_is_explained(old, new, message):
    doctree = publish_doctree(CHOICE.replace("###", "#").replace(old, new), parser=Parser())
    with pytest.raises(ValueError, match=message):
        read_quiz(nodes.section("", *doctree.children))


def test_a_quiz_written_wrongly_stops_the_build(small_book):
    small_book.write(markdown("## 1.1　小测\n", CHOICE.replace("**B**", "**C**")))
    output = small_book.build(1)
    assert "不在选项" in output and "小测 1" in output


def test_sections_beyond_the_core_are_folded(small_book):
    section = "## 1.1　多走一步（选读）\n\n藏在里面的话。\n\n### 更里面\n\n更深的话。\n"
    small_book.write(markdown(section, "## 1.2　接着讲\n\n看 1.1 节。"))
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    article = html[html.index("<article") : html.index("</article>")]
    before, inside = article.split('<details class="fold optional">')
    assert "多走一步" in before and "藏在里面的话" in inside.split("</details>")[0]
    assert "更深的话" in inside.split("</details>")[0] and "接着讲" in inside.split("</details>")[1]
    assert '#id1">1.1</a>' in article or ">1.1</a>" in article
