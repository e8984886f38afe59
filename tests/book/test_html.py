"""构建好的网站：不向别的主机要任何东西，站内链接都通，每页都有该有的信息。先运行 make site。"""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from book_files import NOTEBOOKS, ROOT, SITE, read
from sphinx.util.images import get_image_size

from theme.downloads import carrying, helper_wheel
from theme.pages import finished_chapters, topic_cells
from theme.reading_time import fill

PAGES = sorted(p for p in SITE.rglob("*.html") if "_static" not in p.parts)
BOOK_PAGES = [p for p in PAGES if p != SITE / "index.html"]


class Page(HTMLParser):
    """一页里的标签、锚点和文字。"""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attrs))
        self.ids.add(attrs.get("id", ""))

    def find(self, tag: str, **wanted: str) -> list[dict]:
        return [
            attrs
            for name, attrs in self.tags
            if name == tag and all(attrs.get(k) == v for k, v in wanted.items())
        ]


@cache
def parse(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def names(paths: list[Path]) -> list[str]:
    return [p.relative_to(SITE).as_posix() for p in paths]


def test_the_site_is_built():
    assert PAGES, "还没有构建网站，请先运行 make site"
    built = set(names(PAGES))
    assert {f"{name}.html" for name in finished_chapters(ROOT).values()} < built


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_no_link_lies_inside_another(page):
    """浏览器会把外面的那个提前关上：点不到了。"""
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"<a\b[^>]*>(?:(?!</a>).)*?<a\b[^>]*>", text, re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_nothing_is_loaded_from_another_host(page):
    outside = []
    for tag, attrs in parse(page).tags:
        loaded = [attrs.get("src", ""), attrs.get("srcset", ""), attrs.get("poster", "")]
        loaded += [attrs.get("data", "")] if tag == "object" else []
        loaded += [attrs.get("href", "")] if tag in {"link", "use", "image"} else []
        outside += [f"<{tag}> {url}" for url in loaded if re.match(r"(https?:)?//", url)]
    text = page.read_text(encoding="utf-8")
    outside += re.findall(r"url\(['\"]?(?:https?:)?//[^)]*\)|@import[^;]*//[^;]*", text)
    outside += re.findall(r"https://(?:unpkg|cdn|cdnjs|fonts)\.[^\s\"']*", text)
    assert not outside


def test_no_stylesheet_asks_another_host():
    for sheet in (SITE / "_static").rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
        assert not re.search(r"url\(['\"]?(https?:)?//|@import[^;]*//", text), sheet


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_and_assets_inside_the_site_exist(page):
    broken = []
    for tag, attrs in parse(page).tags:
        url = attrs.get("href" if tag in {"a", "link"} else "src", "")
        if not url or re.match(r"[a-z][a-z+.-]*:", url):
            continue
        path, _, anchor = url.partition("#")
        target = (page.parent / unquote(path.partition("?")[0])).resolve() if path else page
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            broken.append(url)
        elif anchor and target.suffix == ".html" and unquote(anchor) not in parse(target).ids:
            broken.append(url)
    assert not broken


@pytest.mark.parametrize("page", BOOK_PAGES, ids=names(BOOK_PAGES))
def test_every_page_introduces_itself(page):
    parsed = parse(page)
    assert parsed.find("html")[0]["lang"] == "zh-CN"
    assert parsed.find("link", rel="icon") or parsed.find("link", rel="shortcut icon")
    (description,) = parsed.find("meta", name="description")
    assert len(description["content"]) >= 5


def test_every_chapter_can_be_downloaded_with_the_helper_inside(path):
    page = (SITE / path.relative_to(ROOT)).with_suffix(".html")
    links = [a["href"] for a in parse(page).find("a") if a.get("href", "").endswith(".ipynb")]
    notebook = read(path)
    fill(notebook)
    expected = carrying(notebook, helper_wheel(ROOT))
    assert any(read(page.parent / link) == expected for link in links)


def test_the_home_page_links_the_finished_chapters_and_marks_the_others():
    home = SITE / "book" / "index.html"
    text = home.read_text(encoding="utf-8")
    done = finished_chapters(ROOT)
    cards = re.findall(r'<li><p><span class="number">(\d+)</span>(.*?)</p></li>', text, re.S)
    assert len(cards) == 32
    for number, card in cards:
        finished = any(int(name[2:4]) == int(number) for name in done)
        assert ("href=" in card) == finished and ("编写中" in card) != finished
    assert "application/vnd.jupyter.widget-view+json" in text, "首页没有可以拖动的图"


def test_the_index_of_topics_links_every_finished_topic():
    page = SITE / "book" / "appendix" / "topics.html"
    links = {a["href"] for a in parse(page).find("a", **{"class": "reference internal"})}
    for path in NOTEBOOKS:
        for topic in topic_cells(read(path)):
            anchor = re.sub(r"[^a-z0-9]+", "-", topic)
            assert f"../{path.parent.name}/{path.stem}.html#{anchor}" in links, topic


class Mentions(HTMLParser):
    """正文里提到章、节，却没有做成链接的地方；标题、代码、公式、题目的名字和延伸阅读不算。"""

    SPOKEN = re.compile(r"第\s*\d+(?:[、和与，到至 –]+\d+)*\s*章|(?<![\d.])\d+\.\d+\s*节")
    QUIET = ("a", "code", "pre", "h1", "h2", "h3", "h4", "script", "style", "summary", "nav")

    def __init__(self, text: str, chapter: str) -> None:
        super().__init__()
        self.quiet, self.over, self.plain, self.own = 0, False, [], f"第 {chapter} 章"
        self.feed(text[text.index("<article") : text.index("</article>")])

    def handle_starttag(self, tag, attrs):
        self.quiet += tag in self.QUIET
        self.over |= tag == "section" and "延伸阅读" in (dict(attrs).get("id") or "")

    def handle_endtag(self, tag):
        self.quiet -= tag in self.QUIET

    def handle_data(self, data):
        formula = data.lstrip().startswith(("\\(", "\\["))
        if not (self.quiet or self.over or formula):
            self.plain += [m[0] for m in self.SPOKEN.finditer(data) if m[0] != self.own]


@pytest.mark.parametrize("page", BOOK_PAGES, ids=names(BOOK_PAGES))
def test_every_chapter_and_section_mentioned_is_a_link(page):
    text = page.read_text(encoding="utf-8")
    if "<article" not in text:
        pytest.skip("没有正文")
    number = re.match(r"ch(\d+)", page.name)
    assert Mentions(text, str(int(number[1])) if number else "").plain == []


def test_no_section_of_a_chapter_has_an_address_of_its_number():
    for name in finished_chapters(ROOT).values():
        ids = parse(SITE / f"{name}.html").ids
        assert not [i for i in ids if re.fullmatch(r"id\d+", i)], name


@pytest.mark.parametrize("file", BOOK_PAGES, ids=names(BOOK_PAGES))
def test_pictures_keep_their_room_until_they_are_fetched(file):
    for image in parse(file).find("img", loading="lazy"):
        size = get_image_size(file.parent / image["src"])
        assert (image.get("width"), image.get("height")) == tuple(map(str, size))
