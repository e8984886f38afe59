"""笔记本的卫生：没有输出，编号稳定，单元格短，普通 Markdown，安装单元格处处相同。"""

import re

from book_files import cells, source
from markdown_it import MarkdownIt

from theme import first_cell
from theme.build import repository

MAX_LINES = 45
MYST = re.compile(r"^(```|:::+)\{|^\([\w.-]+\)=\s*$|\{[a-z][\w:-]*\}`", re.M)


def test_committed_without_outputs(notebook):
    for cell in cells(notebook, "code"):
        assert cell["outputs"] == [] and cell["execution_count"] is None, cell["id"]
    assert "widgets" not in notebook["metadata"]


def test_the_metadata_is_minimal(notebook):
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert set(notebook["metadata"]["language_info"]) <= {"name", "pygments_lexer"}


def test_cell_ids_are_unique_and_readable(path, notebook):
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))
    bad = [i for i in ids if not re.fullmatch(path.stem[:4] + r"-[a-z0-9]+(-[a-z0-9]+)*", i)]
    assert not bad, f"编号应当是 {path.stem[:4]}-简短的英文名：{bad}"


def test_the_first_code_cell_is_the_one_template(notebook):
    first = cells(notebook, "code")[0]
    address = re.search(r'installed_folder\("(git\+\S+)"\)', source(first))
    assert source(first) == first_cell.repository_cell(address[1] if address else "")
    assert first["metadata"] == first_cell.METADATA
    assert (address[1].split("+")[1].rpartition("@")[0] if address else "") == repository()


def test_code_cells_are_short(notebook):
    for cell in cells(notebook, "code"):
        assert source(cell).count("\n") < MAX_LINES, f"{cell['id']} 太长了"


def test_markdown_cells_are_plain_markdown(notebook):
    for cell in cells(notebook, "markdown"):
        text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "", source(cell), flags=re.S)
        assert not MYST.search(text), f"{cell['id']} 用了 MyST 写法，Colab 上会露出原文"


def test_no_asterisk_of_bold_type_is_left_for_the_reader(notebook):
    """标点紧挨着星号的里面、外面又是汉字时，CommonMark 不认这一对星号。"""
    for cell in cells(notebook, "markdown"):
        for block in MarkdownIt("commonmark").enable("table").parse(source(cell)):
            words = [part.content for part in block.children or [] if part.type == "text"]
            assert not [text for text in words if "**" in text], cell["id"]


def test_prose_has_no_exclamation_marks_or_emoji(notebook):
    for cell in cells(notebook, "markdown"):
        found = re.findall(r"[！\U0001F300-\U0001FAFF]|众所周知", source(cell))
        assert not found, f"{cell['id']}: {found}"
