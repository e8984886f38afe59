"""仓库里的链接指得到东西；笔记本只链接书里的页面。"""

import re
from urllib.parse import unquote

from book_files import NOTEBOOKS, ROOT, cells, read, source

LINK = re.compile(r"\]\(([^)\s]+)\)")


def relative_links(text: str) -> list[str]:
    text = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.M | re.S)
    links = LINK.findall(text) + re.findall(r"<(?:img|a)\b[^>]*(?:src|href)=\"([^\"]+)\"", text)
    return [link for link in links if not re.match(r"[a-z]+:|#", link)]


def test_relative_links_of_the_repository_resolve():
    """书里的链接由构建（-W）和 test_html.py 看；这两个文件不在书里。"""
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for link in relative_links(path.read_text(encoding="utf-8")):
            assert (path.parent / unquote(link.split("#")[0])).exists(), f"{path.name}: {link}"


def test_notebooks_link_only_to_pages_of_the_book():
    for path in NOTEBOOKS:
        for link in relative_links("\n".join(map(source, cells(read(path), "markdown")))):
            assert (path.parent / link.split("#")[0]).resolve().is_relative_to(ROOT / "book"), link
