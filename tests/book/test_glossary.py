"""术语卡片：认得准、每节一次、不碰标题、链接、代码和定义它的地方。"""

from docutils import nodes

from theme.glossary import Finder, card, mark, read_glossary
from theme.values import setting

GLOSSARY = """
| 中文 | 英文 | 一句话 |
| --- | --- | --- |
| 特征 | feature | 模型的输入变量 |
| 特征值 | eigenvalue | 方向不变时的倍数 |
| 学习率 | learning rate | 步长 $\\eta$ |
| VC 维 | VC dimension | 能打散的最多点数 |
| 平滑 | smoothing | 给每个计数加一点 |
"""
CARDS = read_glossary(GLOSSARY)
FINDER = Finder(list(CARDS))


def found(text: str) -> list[str]:
    return [match[0] for match in FINDER.find(text)]


def test_the_glossary_is_read_with_its_formulas_as_words():
    assert CARDS["学习率"] == ("learning rate", "步长 η")
    assert "中文" not in CARDS and "---" not in CARDS


def test_a_term_is_a_whole_word():
    assert found("特征值不是特征") == ["特征值", "特征"]
    assert found("特征向量的方向") == []
    assert found("有限的 VC 维，学习率大") == ["VC 维", "学习率"]
    assert found("最平滑的一条") == []  # 平常话里也用的词不算


def paragraph(*children: nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", *children)


def test_the_first_occurrence_in_a_section_gets_the_card():
    section = nodes.section("", nodes.title("", "", nodes.Text("学习率")))
    section += paragraph(nodes.reference("", "", nodes.Text("学习率")), nodes.literal("", "特征"))
    section += paragraph(setting("", "", nodes.Text("学习率")))
    section += paragraph(nodes.Text("学习率和学习率，"), nodes.strong("", "", nodes.Text("特征值")))
    section += nodes.section(
        "", nodes.title("", "小节"), paragraph(nodes.Text("学习率、特征值、特征"))
    )
    mark(section, FINDER)
    marked = list(section.findall(card))
    assert [node["word"] for node in marked] == ["学习率", "特征"]
    assert marked[0].parent.astext() == "学习率和学习率，特征值"
    assert section.astext().count("学习率") == 6
