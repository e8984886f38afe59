"""make pdf：Chromium 把每一页印成 PDF，pypdf 接成一本：有大纲、页码，页与页之间的链接在书里跳。

印的是浅色；图走到最后一步，代码、选读、答案都展开。要先构建好网站。
"""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag

import yaml
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    Destination,
    DictionaryObject,
    FloatObject,
    NameObject,
    NullObject,
    TextStringObject,
)

from theme.build import find_browser, serve

MARKER = '<p class="book-pdf" hidden></p>'
LINK = '<p class="book-pdf"><a href="../book.pdf" download>下载整本书的 PDF</a></p>'
READY = """async () => {
  // 纸上点不开：选读、参考答案、小测的答案都印出来
  const closed = ".bd-article details:is(.optional, .solution, :not(.fold))";
  for (const fold of document.querySelectorAll(closed)) fold.open = true;
  for (const image of document.images) image.loading = "eager";
  await window.formulas;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await document.fonts.ready;
  // 图走到最后一步，滑块过一会儿才跟上：打印以前先走到
  const views = document.querySelectorAll(".explorer-view");
  for (const view of views) view.dispatchEvent(new Event("reveal"));
  for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame);
  const heading = (node) => node.closest("section")?.querySelector("h1, h2, h3, h4");
  const named = [...document.querySelectorAll(".bd-article [id]")].filter(heading);
  return Object.fromEntries(named.map((node) => [node.id, heading(node).firstChild.textContent]));
}"""
NUMBERS = """<style>@page { size: A4; margin: 0 }
body { margin: 0; font: 9pt sans-serif; color: #666 }
div { height: 297mm; box-sizing: border-box; padding-top: 285mm; text-align: center }
div + div { break-before: page }</style>"""
A4_TOP = 842.0  # 一页的上缘，单位是磅


def make_pdf(root: Path) -> None:
    """印好整本书，写成 ``_build/html/book.pdf``，并让首页露出它的链接。"""
    html = root / "_build" / "html"
    home = html / "book" / "index.html"
    if not home.is_file():
        sys.exit("还没有构建网站：请先运行 make site。")
    site = serve(html)
    with sync_playwright() as playwright:
        options = {"executable_path": find_browser(), "args": ["--no-sandbox"]}
        chromium = playwright.chromium.launch(**options)
        parts = {page: print_page(chromium, f"{site}/{page}") for page in pages(root)}
        book = join(parts, site)
        number(book, chromium)
        chromium.close()
    for sheet in book.pages:
        sheet.compress_content_streams()  # 叠页码的时候解开了
    book.compress_identical_objects()  # 每章都带着同样的字体
    book.write(html / "book.pdf")
    text = home.read_text(encoding="utf-8")
    home.write_text(text.replace(MARKER, LINK), encoding="utf-8")
    print(f"{len(book.pages)} 页，写在 {(html / 'book.pdf').relative_to(root)}")


def pages(root: Path) -> list[str]:
    """书里的页面，按目录的先后。"""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [f"{name}.html" for name in [toc["root"], *chapters]]


@dataclass
class Part:
    """一页网页印出来的样子。``headings`` 是每个锚点所在那一节的标题。"""

    pdf: PdfReader
    headings: dict[str, str]

    def places(self) -> dict[str, tuple[int, float]]:
        """锚点 -> 第几页，离页底多高。

        页内有链接的锚点，Chromium 记了准确的位置；别的用那一节的标题。
        """
        items = reversed(list(flat(self.pdf.outline)))
        outline = {solid(item.title): self.place(item) for item in items}
        wanted = {k: solid(title) for k, title in self.headings.items()}
        found = {k: outline[title] for k, title in wanted.items() if title in outline}
        named = self.pdf.named_destinations
        return found | {unquote(key.lstrip("/")): self.place(to) for key, to in named.items()}

    def place(self, to: Destination) -> tuple[int, float]:
        return self.pdf.get_destination_page_number(to), float(to.top)


def solid(title: str) -> str:
    """Chromium 写进大纲的标题，折行的地方少了空格：比较的时候都不算。"""
    return "".join(title.split())


def entries(item: DictionaryObject) -> Iterator[DictionaryObject]:
    """大纲的一项下面的各项。"""
    below = item.get("/First")
    while below is not None:
        entry = below.get_object()
        yield entry
        yield from entries(entry)
        below = entry.get("/Next")


def flat(outline: list) -> Iterator[Destination]:
    for item in outline:
        yield from flat(item) if isinstance(item, list) else [item]


def print_page(chromium: Browser, address: str) -> Part:
    """等公式、图、控件都好了再印。"""
    page = chromium.new_page(viewport={"width": 1000, "height": 1200}, device_scale_factor=2)
    page.set_default_timeout(300_000)
    page.goto(address)
    page.wait_for_function("() => !document.querySelector('.explorer-skeleton')")
    headings = page.evaluate(READY)
    data = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    page.close()
    return Part(PdfReader(io.BytesIO(data)), headings)


def join(parts: dict[str, Part], site: str) -> PdfWriter:
    """接成一本；大纲照旧，链接换成书里的位置。"""
    book, first = PdfWriter(), {}
    for name, part in parts.items():
        first[name] = len(book.pages)
        book.append(part.pdf)
    titles = {solid(title): title for part in parts.values() for title in part.headings.values()}
    for entry in entries(book.get_outline_root()):
        title = titles.get(solid(entry["/Title"]), entry["/Title"])
        entry[NameObject("/Title")] = TextStringObject(title)
    places = {name: part.places() for name, part in parts.items()}

    def aim(link: DictionaryObject, here: str) -> bool:
        """让一个链接跳到书里的位置；书外的照旧，只在网站上才有的（下载）不要。"""
        address = link.get("/A", {}).get("/URI", f"{site}/{here}#{str(link.get('/Dest'))[1:]}")
        if not address.startswith(site):
            return True
        page, anchor = urldefrag(address.removeprefix(f"{site}/"))
        if page not in parts:
            return False
        number, top = places[page].get(unquote(anchor), (0, A4_TOP))
        target = book.pages[first[page] + number].indirect_reference
        where = [target, NameObject("/XYZ"), NullObject(), FloatObject(top), NullObject()]
        link.pop("/A", None)
        link[NameObject("/Dest")] = ArrayObject(where)
        return True

    for name, part in parts.items():
        for page in book.pages[first[name] : first[name] + len(part.pdf.pages)]:
            kept = [a for a in page.get("/Annots", []) if aim(a.get_object(), name)]
            page[NameObject("/Annots")] = ArrayObject(kept)
    return book


def number(book: PdfWriter, chromium: Browser) -> None:
    """每页的页脚写上页码：另印一份只有页码的，叠上去。"""
    page = chromium.new_page()
    page.set_content(NUMBERS + "".join(f"<div>{n + 1}</div>" for n in range(len(book.pages))))
    numbers = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    page.close()
    for sheet, mark in zip(book.pages, numbers.pages, strict=True):
        sheet.merge_page(mark)
