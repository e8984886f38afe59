"""构建好的网站在哪里，有哪些页面，哪些页面要用真正的鼠标和键盘操作。"""

import os
import random
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
HOME = "book/index.html"
SPECIMEN = "book/specimen.html"
# 折着的选读里，浏览器不排版，图也不跟着变；读者看见它的时候它是打开的
UNFOLD = """() => {
  for (const fold of document.querySelectorAll("details.optional")) fold.open = true;
  return settle();
}"""
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = sorted(
    f"{chapter['file']}.html"
    for part in TOC["parts"]
    for chapter in part["chapters"]
    if Path(chapter["file"]).name.startswith("ch")
)
# 还没有构建时至少有首页和各章，它们的测试会说该怎么做
PAGES = sorted(
    {HOME, *CHAPTERS}
    | {
        path.relative_to(HTML).as_posix()
        for path in HTML.rglob("*.html")
        if "_static" not in path.parts and path != HTML / "index.html"
    }
)
WITH_EXPLORERS = [HOME, *CHAPTERS, SPECIMEN]


def deep_link(chapter: str) -> str:
    """一章里随便一节的地址（``#…``），练习和小测也算。"""
    sections = re.findall(r'<section id="([^"]+)"', (HTML / chapter).read_text(encoding="utf-8"))
    return "#" + random.Random(chapter).choice(sections)


def n_commits() -> int:
    """到现在有几个提交；没有 git 时是 0。"""
    count = ["git", "rev-list", "--count", "HEAD"]
    commits = subprocess.run(count, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return int(commits or 0)


N_COMMITS = n_commits()


def todays_chapter() -> str:
    """轮到用鼠标和键盘操作的一章：环境变量 ``TEST_CHAPTER``（如 ``ch02``），或按提交的个数轮流。"""
    if wanted := os.environ.get("TEST_CHAPTER"):
        return next(path for path in CHAPTERS if Path(path).name.startswith(wanted))
    return CHAPTERS[N_COMMITS % len(CHAPTERS)]


TODAY = todays_chapter()
BY_HAND = [SPECIMEN, HOME, TODAY]


def on_pages(pages: list[str]) -> pytest.MarkDecorator:
    """每个页面一组测试：同一页只打开一次，由同一个进程测完。"""
    groups = [pytest.param(page, marks=pytest.mark.xdist_group(page)) for page in pages]
    return pytest.mark.parametrize("visit", groups, indirect=True, scope="session")
