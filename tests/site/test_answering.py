"""小测在页面上作答：有反馈，记得住，不需要内核。"""

import pytest
from pages import CHAPTERS, DESKTOP, HTML

SECTION = """<section id="quiz-1"><h3>小测 1</h3>
<div class="quiz" data-sort="{sort}" data-answer="{answer}" data-margin="{margin}">
<p>题目</p>{options}
<details><summary>答案</summary><p><strong>答案</strong></p><ul>
<li><p>A：因为甲</p></li><li><p>B：因为乙</p></li><li><p>60000：这是样本数</p></li>
<li><p>其他：再想想</p></li></ul></details></div></section>"""
OPTIONS = "<ul><li><p>A. 甲</p></li><li><p>B. 乙</p></li><li><p>C. 丙</p></li></ul>"


@pytest.fixture
def quiz(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    page, log = open_page(CHAPTERS[0], context)

    def show(sort: str, answer: str, margin: str = "", options: str = OPTIONS):
        html = SECTION.format(sort=sort, answer=answer, margin=margin, options=options)
        page.evaluate("html => document.querySelector('.bd-article').innerHTML = html", html)
        script = (HTML / "_static" / "quiz.js").read_text(encoding="utf-8")
        page.evaluate("code => new Function(code)()", script)
        return page

    yield show
    context.close()
    log.check()


def says(page) -> str:
    page.locator(".quiz-check").click()
    return page.locator(".quiz-message").text_content()


def test_choice(quiz):
    page = quiz("choice", "B")
    assert "还没有作答" in says(page)
    page.get_by_label("A. 甲").check()
    assert "还不对" in says(page) and "因为甲" in says(page) and "因为乙" not in says(page)
    page.get_by_label("B. 乙").check()
    assert says(page).startswith("对") and "因为乙" in says(page)
    assert "quiz-1" in page.evaluate("memory.page().solved")


def test_several_choices(quiz):
    page = quiz("choice", "AC")
    page.get_by_label("A. 甲").check()
    assert "还不对" in says(page)
    page.get_by_label("C. 丙").check()
    assert says(page).startswith("对")


@pytest.mark.parametrize(
    ("given", "reply"),
    [
        ("６００", "对"),
        ("1200.8/2", "对"),
        ("60,000", "样本数"),
        ("601", "再想想"),
        ("六百", "填一个数"),
    ],
)
def test_number(quiz, given, reply):
    page = quiz("number", "600", "0.5", options="")
    page.locator(".quiz-form input").fill(given)
    assert reply in says(page)


def test_order(quiz):
    page = quiz("order", "BAC")
    for letter in "BAC":
        page.locator(".quiz-options > li", has_text=f"{letter}. ").locator("button").click()
    assert says(page).startswith("对")
