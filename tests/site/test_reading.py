"""读者从首页走进来：看得见图，找得到章节，搜得到词，下载得到笔记本。"""

import re
from pathlib import Path

import nbformat
import pytest
from pages import CHAPTERS, DESKTOP, HOME, HTML, PAGES, on_pages, todays_chapter

from theme.build import repository

at_home = on_pages([HOME])
at_a_chapter = on_pages([todays_chapter()])


@at_home
def test_explorer_above_the_fold(visit):
    visit.evaluate("scrollTo(0, 0)")
    box = visit.locator(".explorer").first.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= DESKTOP["width"]
    assert box["y"] >= 0 and box["y"] + box["height"] <= DESKTOP["height"], box


@at_home
def test_the_interface_is_in_chinese(visit):
    """主题自己的按钮与提示也是中文，读屏软件念得出。"""
    names = visit.evaluate(
        """() => [...document.querySelectorAll("[aria-label], [title], [data-bs-title]")]
            .flatMap((n) => ["aria-label", "title", "data-bs-title"].map((a) => n.getAttribute(a)))
            .concat(document.querySelector("#pst-skip-link").textContent)
            .filter((text) => /^[ -~\\s]*[A-Za-z]{4,}[ -~\\s]*$/.test(text ?? ""))"""
    )
    assert names == []


@at_home
def test_eight_parts(visit):
    """八部卡片；写完的章可以点，其余标着编写中。"""
    cards = visit.locator(".parts .part")
    assert cards.count() == 8
    links = cards.locator("a").evaluate_all("all => all.map((a) => new URL(a.href).pathname)")
    assert sorted(path.strip("/") for path in links) == CHAPTERS
    assert cards.locator("li").count() == 32
    assert cards.locator("li .todo", has_text="编写中").count() == 32 - len(CHAPTERS)


@at_a_chapter
def test_notebook_download(visit):
    """按钮真的下载得到那个文件（它的内容由 tests/book 看）：格式合规，没有输出。"""
    visit.get_by_label("下载此页面").click()
    with visit.context.expect_event("download") as download:  # 链接开一个新窗口，下载在那里发生
        visit.locator('.dropdown-download-buttons a[href$=".ipynb"]').click()
    data = download.value.path().read_bytes()
    notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    path = Path(visit.url.split("/", 3)[3]).with_suffix(".ipynb")
    assert download.value.suggested_filename == path.name
    assert data == (HTML / "_sources" / path).read_bytes()


@at_a_chapter
def test_colab_button_follows_the_repository(visit):
    """仓库地址填了才有 Colab 按钮，指向这一章。"""
    buttons = visit.locator('.article-header-buttons a[href*="colab.research.google.com"]')
    if not repository():
        assert buttons.count() == 0
    else:
        path = Path(visit.url.split("/", 3)[3]).with_suffix(".ipynb").as_posix()
        assert buttons.get_attribute("href").endswith(path)


def pages_saying(word: str) -> set[str]:
    """正文里有这个词的页面。"""
    found = set()
    for page in PAGES:
        html = (HTML / page).read_text(encoding="utf-8")
        article = re.search(r"<article.*?</article>", html, flags=re.DOTALL)
        silent = r"<(script|pre)\b.*?</\1>|<[^>]*>"  # 代码和打印的结果不在索引里
        text = re.sub(silent, "", article[0] if article else "", flags=re.S)
        if word.lower() in text.lower():
            found.add(page)
    return found


@pytest.mark.parametrize("word", ["学习率", "注意力", "Adam", "gradient"])
def test_search(open_page, new_context, word):
    """在搜索框里输入，回车：找到的正是写到这个词的那些页面。"""
    context = new_context(viewport=DESKTOP)
    page, log = open_page(HOME, context)
    page.keyboard.press("Control+K")
    page.locator("#search-input").first.fill(word)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    page.locator(".search-summary", has_text="页").wait_for()  # 结果一条一条插进来，最后才写有几页
    if (more := page.locator(".search-more")).count():  # 后面的先收着
        more.click()
    links = page.locator("#search-results li a").evaluate_all(
        "all => all.map((a) => new URL(a.href).pathname.slice(1).replace(/\\/$/, '/index.html'))"
    )
    assert set(links) == pages_saying(word)
    context.close()
    log.check()
