"""按节搜索：正文与术语表里的词都找得到，标题在前，链接到节，摘要里没有代码与公式的源码。"""

import json
import re

import pytest
from pages import CHAPTERS, DESKTOP, HOME, HTML, ROOT

from theme.plain import plain_math

GLOSSARY = (ROOT / "book/appendix/glossary.md").read_text(encoding="utf-8")
EMPTY = """async (words) => {
  const pagefind = await import("/pagefind/pagefind.js");
  const none = [];
  for (const word of words) {
    const { results } = await pagefind.search(word);
    if (!results.length) none.push(word);
  }
  return none;
}"""


def glossary_words() -> list[str]:
    """术语表前两列的每一个说法。"""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", GLOSSARY, flags=re.M)
    cells = [re.sub(r"[*`$\\]", "", cell) for row in rows for cell in row]
    words = [word.strip() for cell in cells for word in re.split(r"[,，、;；/（）()]", cell)]
    return sorted({word for word in words if word and not set(word) <= set("-: ")})


@pytest.fixture(scope="module")
def results(open_page, new_context):
    """在搜索页上找一个词，返回结果的页面。"""
    context = new_context(viewport=DESKTOP)
    page, log = open_page(HOME, context)

    def search(query: str):
        page.goto(page.url.split("/book/")[0].split("/search")[0] + f"/search.html?q={query}")
        page.locator(".search-summary").wait_for()
        return page

    yield search
    context.close()
    log.check()


def test_every_word_of_the_glossary_is_found(results):
    words = glossary_words()
    assert len(words) > 400
    assert results("梯度").evaluate(EMPTY, words) == []


def test_every_latin_word_of_the_prose_is_found(results):
    drafts = HTML.parent / "search"
    words: set[str] = set()
    for path in drafts.rglob("ch*.html"):
        text = re.sub(r"<[^>]+>|&\w+;|&#x27;", " ", path.read_text(encoding="utf-8"))
        words |= set(re.findall(r"(?<![\w-])[A-Za-z]{3,}(?:-[A-Za-z]+)*(?![\w-])", text))
    assert len(words) > 1000
    assert results("梯度").evaluate(EMPTY, sorted(words)) == []


@pytest.mark.parametrize("query", ["熵", "核", "λ", "η", "學習率", "self-attention", "VC 维"])
def test_single_characters_hyphens_and_traditional(results, query):
    page = results(query)
    assert page.locator(".section-hit").count() > 0


def test_titles_come_first_and_link_to_the_section(results):
    page = results("为什么除以")
    first = page.locator(".section-hit").first
    assert "除以" in first.locator("a").text_content()
    assert re.search(r"ch17_[^#]*#.+", first.locator("a").get_attribute("href"))
    for text in page.locator(".section-hit .context").all_text_contents():
        assert not re.search(r"\\[a-zA-Z]|展开代码|def \w+\(", text), text


def test_a_near_miss_is_answered(results):
    page = results("self-atention")
    assert (
        page.locator(".section-hit").count()
        or page.locator(".suggestion", has_text="self-attention").count()
    )


@pytest.mark.parametrize(
    ("typed", "meant"), [("attnetion", "attention"), ("transfomer", "Transformer")]
)
def test_a_misspelt_word_is_said_to_be_nowhere_and_the_right_one_offered(results, typed, meant):
    page = results(typed)
    assert page.locator(".section-hit").count() == 0
    assert "没有一页" in page.locator(".search-summary").text_content()
    assert page.locator(".suggestion").get_by_text(meant, exact=True).count() == 1


@pytest.mark.parametrize("query", ["constructor", "__proto__"])
def test_odd_words_do_not_break_the_page(results, query):
    text = results(query).locator("#search-results").text_content()
    assert "undefined" not in text and "页" in text


def test_glossary_suggestions_are_shipped():
    words = json.loads((HTML / "pagefind" / "words.json").read_text(encoding="utf-8"))
    assert "学习率" in words


def test_without_a_server_the_old_search_still_answers(new_context):
    context = new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto((HTML / "search.html").as_uri() + "?q=学习率")
    page.locator(".search-summary", has_text="页").wait_for()
    assert page.locator("#search-results li a").count() >= len(CHAPTERS) // 2
    context.close()


@pytest.mark.parametrize(
    ("tex", "text"),
    [(r"\lambda_k", "λk"), (r"\frac12", "1/2"), (r"\eta\lVert g\rVert^2", "η‖ g‖2")],
)
def test_formulas_are_read_as_text(tex, text):
    assert plain_math(tex) == text
