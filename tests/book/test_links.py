"""站内的链接都指得到东西：笔记本里的、附录里的、README 里的。"""

import re
from urllib.parse import unquote

from book_files import NOTEBOOKS, ROOT, cells, read, source

LINK = re.compile(r"\]\(([^)\s]+)\)")


def relative_links(text: str) -> list[str]:
    text = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.M | re.S)
    links = LINK.findall(text) + re.findall(r"<(?:img|a)\b[^>]*(?:src|href)=\"([^\"]+)\"", text)
    return [link for link in links if not re.match(r"[a-z]+:|#", link)]


def test_relative_links_resolve():
    documents = {p: "\n".join(map(source, cells(read(p), "markdown"))) for p in NOTEBOOKS}
    markdown = [*(ROOT / "book").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    documents |= {p: p.read_text(encoding="utf-8") for p in markdown}
    broken = [
        f"{path.relative_to(ROOT)}: {link}"
        for path, text in documents.items()
        for link in relative_links(text)
        if not (path.parent / unquote(link.split("#")[0])).exists()
    ]
    assert not broken


def test_notebooks_link_only_to_pages_of_the_book():
    for path in NOTEBOOKS:
        for link in relative_links("\n".join(map(source, cells(read(path), "markdown")))):
            assert (path.parent / link.split("#")[0]).resolve().is_relative_to(ROOT / "book"), link
