"""``make prose``：把前三部的正文取成一份纯文字，随辅助包走，就是 ``load("prose")`` 读的那个文件。

只收不含公式、代码的整句，拆掉加粗和链接的记号。一章以“# 标题”开头，以后每行是一段。
这个文件提交在仓库里，改动正文不必重新生成：用到它的实验才不会因为别的章改了一个字而变。
只取前三部：它随每个下载的笔记本走，不能随着书一起长。
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROSE = ROOT / "utils" / "data" / "prose.txt"

_HAN = re.compile(r"[\u4e00-\u9fff]")
_SENTENCE = re.compile(r"[^。！？]+[。！？][”’）]*")
_NOT_PROSE = re.compile(r"[$`\\{}|<>#*_=\[\]]|https?:")


def plain(markdown: str) -> str:
    """拆掉链接、加粗、列表和引用的记号，只留文字。"""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = text.replace("**", "")
    return re.sub(r"^\s*(?:[-*>]|\d+\.)\s+", "", text).strip()


def sentences(line: str) -> list[str]:
    """一行 Markdown 里不含公式和代码、以汉字为主的整句。"""
    found = (match.group().strip() for match in _SENTENCE.finditer(plain(line)))
    return [
        s for s in found if not _NOT_PROSE.search(s) and 2 * len(_HAN.findall(s)) >= len(s) >= 6
    ]


def paragraphs(notebook: dict) -> list[str]:
    """笔记本正文里的一段段文字，按先后；围起来的代码不算。"""
    result = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"^```.*?^```", "", "".join(cell["source"]), flags=re.S | re.M)
            result += ["".join(found) for line in text.splitlines() if (found := sentences(line))]
    return result


def title(notebook: dict) -> str:
    """一章的标题，例如“第 9 章　损失地形”。"""
    return "".join(notebook["cells"][0]["source"]).splitlines()[0].removeprefix("# ")


def collect(book: Path) -> str:
    """``book`` 前三部各章的文字，写成 ``PROSE`` 的格式。"""
    lines = []
    for path in sorted(book.glob("p[1-3]*/ch*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        lines += [f"# {title(notebook)}", *paragraphs(notebook)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PROSE.write_text(collect(ROOT / "book"), encoding="utf-8", newline="\n")
