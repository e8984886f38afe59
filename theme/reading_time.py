"""预计用时：构建时按字数、代码和图数算出来，写进每章开头的“**预计用时**”。

正文每分钟 300 字（英文单词、公式里的记号各算一字），代码每分钟 150 个词或符号，
一幅可拖动的图 2 分钟。
折叠的代码（验证、画图、答案）不算；标题以（选读）结尾的节不算进核心；“练习”一节用标题里写的分钟数。
"""

import json
import re
from dataclasses import dataclass

from sphinx.application import Sphinx

PROSE_PER_MINUTE, CODE_PER_MINUTE, EXPLORER_MINUTES = 300, 150, 2
PLACEHOLDER = "（构建时算出）"
FOLDED = {"verify", "hide-input", "solution"}


@dataclass
class Minutes:
    """一章的阅读时间，单位是分钟：核心部分、选读部分、练习。"""

    core: float = 0
    optional: float = 0
    exercises: float = 0

    def sentence(self) -> str:
        """给读者看的一句话，四舍五入到 5 分钟。"""
        parts = [f"核心部分约 {rounded(self.core)} 分钟"]
        if self.optional:
            parts.append(f"选读约 {rounded(self.optional)} 分钟")
        if self.exercises:
            parts.append(f"练习约 {rounded(self.exercises)} 分钟")
        return "，".join(parts)


def rounded(minutes: float) -> int:
    return max(5, 5 * round(minutes / 5))


def prose_minutes(text: str) -> float:
    """一段 Markdown 的阅读时间；折叠的答案不算。"""
    text = re.sub(r"<details>.*?</details>", "", text, flags=re.S)
    return len(re.findall(r"[\u4e00-\u9fff]|[A-Za-z0-9.]+", text)) / PROSE_PER_MINUTE


def code_minutes(cell: dict) -> float:
    text = "".join(cell["source"])
    minutes = EXPLORER_MINUTES if re.search(r"\bexplore\(", text) else 0
    if not FOLDED & set(cell["metadata"].get("tags", [])):
        minutes += len(re.findall(r"\w+|[^\w\s]", text)) / CODE_PER_MINUTE
    return minutes


def reading_time(notebook: dict) -> Minutes:
    """一个笔记本的阅读时间。"""
    total = Minutes()
    section, optional = "core", {}  # optional：标题的级别 -> 这一级是不是选读
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            minutes = code_minutes(cell) if section != "exercises" else 0
            setattr(total, section, getattr(total, section) + minutes)
            continue
        for piece in re.split(r"^(?=#{1,6} )", text, flags=re.M):
            if heading := re.match(r"(#+) +(.+)", piece):
                level, title = len(heading[1]), heading[2].strip()
                optional = {k: v for k, v in optional.items() if k < level}
                optional[level] = title.endswith("（选读）")
                if level == 2:
                    section = "exercises" if title.endswith("练习") else "core"
                if section != "exercises":
                    section = "optional" if any(optional.values()) else "core"
                elif stated := re.search(r"(\d+) *分钟", title):
                    total.exercises += int(stated[1])
            if section != "exercises":
                setattr(total, section, getattr(total, section) + prose_minutes(piece))
    return total


def fill(notebook: dict) -> None:
    """把开头的占位换成算出来的时间；没有占位就不动。"""
    first = notebook["cells"][0]
    text = "".join(first["source"])
    if PLACEHOLDER in text:
        first["source"] = text.replace(PLACEHOLDER, reading_time(notebook).sentence())


def fill_page(app: Sphinx, docname: str, source: list[str]) -> None:
    if str(app.env.doc2path(docname)).endswith(".ipynb"):
        notebook = json.loads(source[0])
        fill(notebook)
        source[0] = json.dumps(notebook, ensure_ascii=False)


def setup(app: Sphinx) -> None:
    app.connect("source-read", fill_page)
