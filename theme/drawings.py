"""每章的小图：在首页的卡片上，和章首的标题旁边。一部一种颜色。"""

from pathlib import Path

import yaml
from sphinx.application import Sphinx
from sphinx.config import Config


def load_parts(root: Path) -> list[dict]:
    """八部，每部有 ``title`` 和 ``chapters``。"""
    return yaml.safe_load((root / "book" / "syllabus.yml").read_text(encoding="utf-8"))["parts"]


def drawing(root: Path, chapter: str) -> str:
    """``ch02_…`` 的小图，一行 SVG；还没有画的是空字符串。"""
    file = root / "theme" / "drawings" / f"{chapter[:4]}.svg"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def number_parts(app: Sphinx, config: Config) -> None:
    """章的编号 -> 第几部，从 1 数。"""
    parts = enumerate(load_parts(Path(app.srcdir)), 1)
    config.part_of = {chapter["id"]: i for i, part in parts for chapter in part["chapters"]}


def add_to_heading(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """章首：标题的右边。"""
    name = Path(pagename).name
    svg = drawing(Path(app.srcdir), name)
    if name in app.config.part_of and svg:
        head = f'<div class="chapter-drawing part-{app.config.part_of[name]}">{svg}</div><h1'
        context["body"] = context["body"].replace("<h1", head, 1)


def setup(app: Sphinx) -> None:
    app.add_config_value("part_of", {}, "env")
    app.connect("config-inited", number_parts)
    app.connect("html-page-context", add_to_heading)
