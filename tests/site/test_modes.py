"""阅读与代码：一个开关管一页，记得住，没有脚本时什么都看得见。"""

from figure import figures
from pages import CHAPTERS, DESKTOP, PHONE, TODAY, on_pages

at_chapters = on_pages(CHAPTERS)
CODE = ".fold.taught .cell_input"
LIMIT = 35_000  # 阅读时一章最多这么高
HEIGHT = """() => { // 选读和答案折着，和读者刚打开时一样
  const folds = [...document.querySelectorAll("details:is(.optional, .reveal)[open]")];
  folds.forEach((fold) => (fold.open = false));
  const height = document.querySelector(".bd-article").scrollHeight;
  folds.forEach((fold) => (fold.open = true));
  return height;
}"""


# 每张“先猜”的卡片底下，离它的图还有多远
GAPS = """() => [...document.querySelectorAll(".guess")].map((card) => {
  const next = [...document.querySelectorAll(".explorer")].find((e) =>
    card.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
  return next.getBoundingClientRect().top - card.getBoundingClientRect().bottom;
})"""


def visible(page, selector: str) -> int:
    return page.evaluate(
        "s => [...document.querySelectorAll(s)].filter((n) => n.checkVisibility()).length", selector
    )


def choose(page, name: str) -> None:
    page.locator(".mode-switch button", has_text=name).click()
    page.evaluate("settle()")


@at_chapters
def test_reading_hides_the_code_keeps_the_figures_and_guesses_beside_them(visit):
    choose(visit, "代码")
    code, explorers = visible(visit, CODE), visible(visit, ".explorer")
    assert code > 10
    choose(visit, "阅读")
    assert visible(visit, CODE) == 0 and visible(visit, ".explorer") == explorers
    images = visit.locator(".cell_output img").count()
    assert visible(visit, ".cell_output img") == images - visible_in_closed(visit)
    height, gaps = visit.evaluate(HEIGHT), visit.evaluate(GAPS)
    choose(visit, "代码")
    assert visible(visit, CODE) == code
    assert height < LIMIT
    assert len(gaps) >= 5 and sorted(gaps)[len(gaps) // 2] < 120, gaps


@at_chapters
def test_every_guess_says_so(visit):
    words = visit.locator(".guess").evaluate_all(
        "cards => cards.map((card) => card.querySelector('strong').textContent)"
    )
    assert set(words) == {"先猜"}


def visible_in_closed(page) -> int:
    """合着的揭晓、选读里的图，本来就要展开才看得见。"""
    return page.locator("details:is(.reveal, .optional):not([open]) .cell_output img").count()


@at_chapters
def test_optional_sections_read_like_the_others(visit):
    size = "all => [...new Set(all.map((node) => getComputedStyle(node).fontSize))]"
    paragraphs = visit.locator(".bd-article section > p:not([class]), .fold.optional > p")
    assert len(paragraphs.evaluate_all(size)) == 1


@on_pages([TODAY])
def test_one_cell_opens_by_keyboard(visit):
    choose(visit, "阅读")
    fold = visit.locator(".fold.taught").nth(3)
    fold.locator("> summary").focus()
    visit.keyboard.press("Enter")
    assert visible(visit, CODE) == 1
    visit.keyboard.press("Enter")
    assert visible(visit, CODE) == 0
    choose(visit, "代码")


def test_the_choice_is_remembered(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    page, _ = open_page(CHAPTERS[0], context)
    assert visible(page, CODE) > 0
    choose(page, "阅读")
    page.close()
    page, log = open_page(CHAPTERS[1], context)
    assert visible(page, CODE) == 0
    context.close()
    log.check()


def test_the_reader_stays_at_the_same_paragraph(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    page, _ = open_page(CHAPTERS[1], context)
    page.evaluate("document.querySelectorAll('h2')[6].scrollIntoView(); settle()")
    where = "document.querySelectorAll('h2')[6].getBoundingClientRect().top"
    before = page.evaluate(where)
    choose(page, "阅读")
    assert abs(page.evaluate(where) - before) < 3
    context.close()


def test_phones_start_by_reading(open_page, new_context):
    context = new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    page, log = open_page(CHAPTERS[0], context)
    assert visible(page, CODE) == 0
    context.close()
    log.check()


def test_without_scripts_everything_is_there(new_context, site):
    context = new_context(viewport=DESKTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/{CHAPTERS[1]}")
    for optional in page.locator(".fold.optional > summary").all():
        optional.click()  # 选读折着；打开它不用脚本
    for selector in (CODE, ".fold.result pre", ".fold.reveal > p", ".guess > p"):
        nodes = page.locator(selector)
        assert nodes.count() > 0
        assert all(nodes.nth(i).is_visible() for i in range(nodes.count())), selector
    assert page.locator(".mode-switch, .guess-done").count() == 0
    context.close()


def test_moving_the_slider_reveals(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    page, log = open_page(CHAPTERS[1], context)
    answers = page.locator(".fold.reveal")
    assert visible(page, ".fold.reveal > p") == 0
    first = figures(page)[0]
    first.controls.first.locator("button, [role=slider]").first.focus()
    for key in ("Tab", "Shift+Tab"):  # 只是路过
        page.keyboard.press(key)
    page.locator(".explorer-stage").first.click()  # 没有动图
    assert visible(page, ".fold.reveal > p") == 0
    axis = next(a for a in range(len(first.recording.dims)) if first.is_slider(a))
    (x, y), (end, _) = first.track(axis, 0 if first.at()[axis] else 1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(end, y)
    page.mouse.move(5, 5)  # 在图外放开
    assert visible(page, ".fold.reveal > p") == 0
    page.mouse.up()
    answers.first.locator("> p").first.wait_for(state="visible")
    page.locator(".guess-done").first.click()
    assert answers.nth(1).locator("> p").first.is_visible()
    assert visible(page, ".fold.reveal[open]") == 2
    page.close()
    page, _ = open_page(CHAPTERS[1], context)  # 猜过的，下次来还开着
    assert visible(page, ".fold.reveal[open]") == 2
    context.close()
    log.check()
