"""手机：竖着划过滑块是滚动，横着划是拖动；控件与图同在一屏；符号表是卡片；标点不在行首。"""

import pytest
from figure import figures
from pages import CHAPTERS, HOME, UNFOLD, deep_link

SCREEN = {"width": 390, "height": 664}
TOGETHER = """async () => {
  const apart = [];
  for (const explorer of document.querySelectorAll(".explorer")) {
    const controls = explorer.querySelector(".explorer-controls");
    for (const stage of explorer.querySelectorAll(".explorer-stage")) {
      scrollBy(0, stage.getBoundingClientRect().bottom - innerHeight + 2);
      await settle();
      const [c, s] = [controls, stage].map((node) => node.getBoundingClientRect());
      const header = document.querySelector(".bd-header-article").getBoundingClientRect().bottom;
      if (c.top < header - 2 || s.top < c.bottom - 2 || s.bottom > innerHeight + 2)
        apart.push(explorer.querySelector("[role=group]").getAttribute("aria-label"));
    }
  }
  return apart;
}"""
COMMAS = """() => {
  let count = 0;
  const article = document.querySelector(".bd-article");
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const block = node.parentElement.closest("p, li, td, dd");
    if (!/^[，。、；：？！）”]/.test(node.textContent) || !block?.checkVisibility()) continue;
    const range = document.createRange();
    range.setStart(node, 0);
    range.setEnd(node, 1);
    const mark = range.getBoundingClientRect();
    const edge = block.getBoundingClientRect().left;
    const left = edge + parseFloat(getComputedStyle(block).paddingLeft);
    if (mark.width && mark.left - left < 3) count++;
  }
  return count;
}"""


@pytest.fixture(scope="module")
def phone_context(new_context):
    context = new_context(viewport=SCREEN, is_mobile=True, has_touch=True)
    yield context
    context.close()


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_phone_lands_still_with_slider_and_picture_together(path, open_page, phone_context):
    page, _ = open_page(path + deep_link(path), phone_context)
    assert 0 <= page.landed < 120, page.url
    assert page.shift < 0.1
    page.evaluate(UNFOLD)
    assert page.evaluate(TOGETHER) == []
    assert page.evaluate(COMMAS) == 0
    page.close()


def swipe(page, touch, x: float, y: float, dx: float, dy: float) -> None:
    """手指从 (x, y) 划到 (x + dx, y + dy)。"""
    for i in range(9):
        kind = "touchStart" if i == 0 else "touchMove"
        point = {"x": x + dx * i / 8, "y": y + dy * i / 8}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        page.wait_for_timeout(16)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(100)


@pytest.mark.parametrize("path", [HOME, CHAPTERS[1]])
def test_a_vertical_swipe_over_a_slider_scrolls(path, open_page, phone_context):
    page, _ = open_page(path, phone_context)
    touch = phone_context.new_cdp_session(page)
    for figure in figures(page)[:2]:
        axis = next(a for a in range(len(figure.recording.dims)) if figure.is_slider(a))
        (x, y), _ = figure.track(axis, 0)
        before, at = figure.at(), page.evaluate("scrollY")
        swipe(page, touch, x, y, 4, -160)
        assert figure.at() == before
        assert page.evaluate("scrollY") > at + 60
        (x, y), (end, _) = figure.track(axis, 0 if before[axis] else 1)
        swipe(page, touch, x, y, end - x, 3)
        assert figure.at()[axis] != before[axis]
    page.close()


def test_symbols_are_cards(open_page, phone_context):
    page, _ = open_page(CHAPTERS[1], phone_context)
    table = page.locator(".symbols-table").first
    assert table.evaluate("t => t.scrollWidth <= t.clientWidth + 1")
    labels = (
        table.locator("tbody tr")
        .first.locator("td")
        .evaluate_all("cells => cells.map((cell) => cell.dataset.label)")
    )
    assert labels == ["符号", "含义", "形状"]
    page.close()


def test_the_name_of_a_slider_has_its_card(open_page, phone_context):
    """术语表里的词，或者本章符号表里的记号。"""
    page, _ = open_page(CHAPTERS[1], phone_context)
    names = page.locator(".explorer-slot .widget-label a.term:visible")
    for name, says in {"学习率": "learning rate", "λmax": "最大"}.items():
        names.filter(has_text=name).first.tap()
        assert says in page.locator(".term-card").inner_text()
    assert page.url.endswith(CHAPTERS[1])
    page.close()


def test_a_finger_that_scrolls_away_does_not_ask_for_the_card(open_page, phone_context):
    """从术语上开始的滚动不算点它：以后点别的地方（例如用键盘按链接），卡片不会冒出来。"""
    page, _ = open_page(CHAPTERS[1], phone_context)
    touch = phone_context.new_cdp_session(page)
    term = page.locator(".bd-article p a.term:visible").first
    term.evaluate("node => node.scrollIntoView({ block: 'center' })")
    page.evaluate("settle()")
    box = term.bounding_box()
    swipe(page, touch, box["x"] + 4, box["y"] + box["height"] / 2, 2, -160)
    page.evaluate("document.body.click()")
    assert not page.locator(".term-card").is_visible()
    page.close()
