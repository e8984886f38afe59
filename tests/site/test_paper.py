"""打印：浅色，写着控件停在哪里，答案按读者的选择，图片都有说明。"""

import re

import pytest
from figure import figures
from pages import CHAPTERS, DESKTOP, HTML


def test_print_shows_values_and_a_light_palette(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    page, _ = open_page(CHAPTERS[1], context)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    before = [figure.at() for figure in figures(page)]
    page.locator(".fold.solution > summary").first.click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    lines = page.locator(".printed-values").all()
    for figure, start, line in zip(figures(page), before, lines, strict=True):
        says = {control["shows"] for control in figure.read()["controls"]}  # 画到底以后的步数
        assert says and all(value in line.text_content() for value in says)
        steps = len(figure.recording.spec["steps"])
        if steps > 1:
            assert figure.at()[-1] == (start[-1] or steps - 1)  # 停在第一步的，画到底
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    for hidden in (".bd-sidebar-secondary", "#jb-print-toc", ".explorer-controls", ".guess-done"):
        nodes = page.locator(hidden)
        assert not any(nodes.nth(i).is_visible() for i in range(nodes.count())), hidden
    answers = page.locator(".fold.solution .cell_input")
    assert answers.first.is_visible() and not answers.nth(1).is_visible()
    reveals = page.locator(".fold.reveal > p")
    assert all(reveals.nth(i).is_visible() for i in range(reveals.count()))
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.locator(".printed-values, .fold.reveal[open]").count() == 0
    page.evaluate("settle()")
    assert [figure.at() for figure in figures(page)] == before  # 图回到没有打印的样子
    futures = page.locator(".explorer-view").evaluate_all("all => all.map((v) => v.dataset.future)")
    assert "hidden" in futures
    context.close()


@pytest.mark.parametrize("path", CHAPTERS)
def test_every_picture_has_a_description(path):
    text = (HTML / path).read_text(encoding="utf-8")
    article = text[text.index("<article") : text.index("</article>")]
    for image in re.findall(r"<img[^>]*>", article):
        alt = re.search(r'alt="([^"]*)"', image)
        assert alt and len(alt[1]) >= 4 and not re.search(r"\.(png|svg)|[0-9a-f]{16}", alt[1]), (
            image
        )
