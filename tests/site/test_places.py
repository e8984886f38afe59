"""我在哪里：链接到得准，目录跟着走，读到哪里记得住。"""

from pages import CHAPTERS, DESKTOP, HOME, PHONE, on_pages

at_chapters = on_pages(CHAPTERS)

OUTLINE = """async () => {
  const wrong = [];
  for (let y = 0; y < document.documentElement.scrollHeight - innerHeight; y += 1400) {
    scrollTo(0, y);
    await settle();
    const marked = [...document.querySelectorAll(".bd-toc-nav a.active")].at(-1);
    const headings = [...document.querySelectorAll(".bd-article section[id] > :is(h2, h3)")];
    const now = headings.findLast((h) => h.getBoundingClientRect().top <= 120) ?? headings[0];
    const box = marked?.getBoundingClientRect();
    const shown = box && box.top >= 0 && box.bottom <= innerHeight;
    if (!shown || decodeURIComponent(marked.hash.slice(1)) !== now.parentElement.id) wrong.push(y);
  }
  return wrong;
}"""


@at_chapters
def test_a_deep_link_lands_on_its_section_and_stays(visit):
    """手机上的在 test_hands.py。"""
    assert 0 <= visit.landed < 120, visit.url
    assert visit.shift < 0.1


def test_reload_and_back_return_to_the_paragraph(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    page, _ = open_page(CHAPTERS[3], context)
    heading = "document.querySelectorAll('.bd-article h2')[9]"
    page.evaluate(f"{heading}.scrollIntoView()")
    page.wait_for_timeout(400)
    before = page.evaluate(f"{heading}.getBoundingClientRect().top")
    for move in (
        page.reload,
        lambda: (
            page.locator(".left-prev").evaluate("a => a.click()"),
            page.wait_for_url("**/ch03_*"),
            page.go_back(),
        ),
    ):
        move()
        page.wait_for_load_state("load")
        page.wait_for_function("document.querySelectorAll('.explorer-view').length > 8")
        page.wait_for_timeout(300)
        assert abs(page.evaluate(f"{heading}.getBoundingClientRect().top") - before) < 5
    context.close()


@at_chapters
def test_the_outline_always_shows_the_current_section(visit):
    assert visit.evaluate(OUTLINE) == []


def test_the_phone_header_names_the_section(open_page, new_context):
    context = new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    page, log = open_page(CHAPTERS[1], context)
    heading = page.locator(".bd-article h2").nth(4)
    heading.evaluate("node => (node.scrollIntoView(), settle())")
    name = page.locator(".here")
    assert name.is_visible() and name.text_content() in heading.text_content()
    box = name.bounding_box()
    assert box["y"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    context.close()
    log.check()


def test_home_remembers_and_forgets(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    page, _ = open_page(HOME, context)
    assert page.locator(".resume, .memory-note").count() == 0
    page.close()
    page, _ = open_page(CHAPTERS[1], context)
    page.locator(".done-box input").first.check()
    page.evaluate("document.querySelectorAll('.bd-article h2')[4].scrollIntoView(); settle()")
    section = page.locator(".bd-article h2").nth(4).evaluate("n => n.firstChild.textContent")
    page.close()
    page, log = open_page(HOME, context)
    resume = page.locator(".resume a")
    assert section in resume.text_content()
    assert resume.get_attribute("href").split("#")[0].endswith(CHAPTERS[1])
    assert "练习 1/" in page.locator(".chapter-progress").text_content()
    page.locator(".memory-clear").click()
    assert page.locator(".resume, .chapter-progress").count() == 0
    assert page.evaluate("localStorage.getItem('book.memory')") is None
    context.close()
    log.check()


def test_blocked_storage_breaks_nothing(open_page, new_context):
    context = new_context(viewport=DESKTOP)
    context.add_init_script(
        """Object.defineProperty(window, "localStorage", {
             get() { throw new DOMException("blocked", "SecurityError"); } })"""
    )
    page, log = open_page(CHAPTERS[1], context)
    log.errors = [e for e in log.errors if "theme" in e]  # 主题自己的明暗按钮
    page.locator(".mode-switch button", has_text="阅读").click()
    page.locator(".guess-done").first.click()
    assert page.locator(".fold.reveal[open]").count() == 1
    assert page.locator(".bd-toc-nav a.active").count() > 0
    context.close()
