"""整本书的 PDF：页面按目录接好，有大纲和页码，链接在书里跳，首页露出它的链接。"""

import yaml
from pypdf import PdfReader

from theme.pdf import MARKER, flat, make_pdf

PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>页</title>
<style>section {{ break-before: page }}</style>
<article class="bd-article"><section id="top"><h1>{title}</h1>{body}</section></article></html>"""
LINKS = """<p><a href="p1_x/ch01.html#二">第二节</a> <a href="p1_x/ch01.html">第一章</a>
<a href="ch01.ipynb">下载</a> <a href="https://example.org/a">书外</a></p>"""
SECTIONS = """<section id="一"><h2>节一</h2></section>
<section id="二"><h2 style="width: 9em">节二 Layer Normalization</h2>
<a href="../index.html">首页</a>
<details class="fold optional"><summary>展开</summary><p>选读的话</p></details>
<details class="fold code solution"><summary>展开</summary><p>参考答案</p></details>
<details><summary>答案</summary><p>测验的话</p></details></section>"""


def write_site(root) -> None:
    html = root / "_build" / "html" / "book"
    (html / "p1_x").mkdir(parents=True)
    home = PAGE.format(title="首页", body=f"{MARKER}{LINKS}")
    (html / "index.html").write_text(home, encoding="utf-8")
    chapter = PAGE.format(title="第一章", body=SECTIONS)
    (html / "p1_x" / "ch01.html").write_text(chapter, encoding="utf-8")
    toc = {"root": "book/index", "parts": [{"chapters": [{"file": "book/p1_x/ch01"}]}]}
    (root / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")


def test_one_book_with_outline_numbers_and_links(tmp_path):
    write_site(tmp_path)
    make_pdf(tmp_path)
    book = PdfReader(tmp_path / "_build" / "html" / "book.pdf")
    outline = [(x.title, book.get_destination_page_number(x)) for x in flat(book.outline)]
    assert outline == [("首页", 0), ("第一章", 1), ("节一", 2), ("节二 Layer Normalization", 3)]
    assert len(book.pages) == 4
    assert [page.extract_text().split()[-1] for page in book.pages] == ["1", "2", "3", "4"]
    for said in ("选读的话", "参考答案", "测验的话"):  # 纸上点不开
        assert said in book.pages[3].extract_text()
    links = [[a.get_object() for a in page.get("/Annots", [])] for page in book.pages]
    numbers = {page.indirect_reference.idnum: n for n, page in enumerate(book.pages)}
    inside = [[numbers[a["/Dest"][0].idnum] for a in page if "/Dest" in a] for page in links]
    assert inside == [[3, 1], [], [], [0]]
    assert [a["/A"]["/URI"] for page in links for a in page if "/A" in a] == [
        "https://example.org/a"
    ]
    home = (tmp_path / "_build" / "html" / "book" / "index.html").read_text(encoding="utf-8")
    assert MARKER not in home and 'href="../book.pdf"' in home
