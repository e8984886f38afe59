"""读者的浏览器不合意：少一样东西、拦住脚本、关掉脚本。图照样能拖，或者换成图片和一句话。"""

import re
from collections.abc import Callable, Iterator

import pytest
from pages import DESKTOP, HOME, PHONE, ROOT, UNFOLD, todays_chapter
from playwright.sync_api import BrowserContext, Page, expect

from theme.explorers import SORRY

MISSING = {
    "AbortSignal.any": "delete AbortSignal.any",
    "AbortSignal.timeout": "delete AbortSignal.timeout",
    "throwIfAborted": "delete AbortSignal.prototype.throwIfAborted",
    "Object.hasOwn": "delete Object.hasOwn",
    "replaceAll": "delete String.prototype.replaceAll",
    "findLast": "delete Array.prototype.findLast; delete Array.prototype.findLastIndex",
    "DecompressionStream": "delete window.DecompressionStream",
}
DRAWN = """() => {
  const slots = [...document.querySelectorAll(".explorer-slot")];
  return slots.length && slots.every((slot) => slot.querySelector("canvas")?.width > 0);
}"""


@pytest.fixture
def context(new_context) -> Iterator[Callable[..., BrowserContext]]:
    """一个新的窗口，用完就关。"""
    opened = []

    def new(**options) -> BrowserContext:
        opened.append(new_context(**{"viewport": DESKTOP} | options))
        return opened[-1]

    yield new
    for one in opened:
        one.close()


def check_pictures(page: Page, first: int = 0) -> None:
    """从第 first 张起，每张图的位置上是看得见的图片和一句话，没有空着的一块。"""
    slots = page.locator(".explorer-slot").all()[first:]
    assert slots
    for slot in slots:
        slot.scroll_into_view_if_needed()
        image = slot.locator("img")
        expect(image).to_be_visible()
        expect(image).to_have_js_property("complete", True)
        expect(slot.locator("p").last).to_have_text(SORRY)
        box, inner = slot.bounding_box(), image.bounding_box()
        assert inner["width"] > 200
        assert box["height"] - inner["height"] < 150, "图片旁边空着一大块"


@pytest.mark.parametrize("script", MISSING.values(), ids=MISSING)
def test_without_one_browser_api_every_figure_is_drawn(context, site, script):
    window = context()
    window.add_init_script(script)
    page = window.new_page()
    page.goto(f"{site}/{HOME}")
    page.wait_for_function(DRAWN)
    expect(page.locator(".explorer-fallback")).to_have_count(0)


@pytest.mark.parametrize("name", ["manager.js", "anywidget.js"])
def test_a_blocked_script_leaves_the_picture(context, site, name):
    page = context().new_page()
    page.route(f"**/{name}*", lambda route: route.abort())
    page.goto(f"{site}/{HOME}")
    check_pictures(page)
    assert page.locator(".explorer-slot img").first.evaluate("node => node.naturalWidth") > 0


def test_the_first_figure_waits_for_no_other(context, site):
    page, held = context().new_page(), []
    page.route("**/*.figures.js*", lambda route: held.append(route))
    page.goto(f"{site}/{todays_chapter()}", wait_until="commit")
    page.wait_for_selector(".explorer-slot canvas")
    drawn = page.locator(".explorer-slot:has(canvas)")
    assert drawn.count() == 1 and drawn.evaluate(
        "slot => slot === document.querySelector('.explorer-slot')"
    )
    held.pop().continue_()
    page.wait_for_function(DRAWN)


def test_without_the_others_their_pictures_are_there(context, site):
    page = context().new_page()
    page.route("**/*.figures.js*", lambda route: route.abort())
    page.goto(f"{site}/{todays_chapter()}")
    page.wait_for_selector(".explorer-slot canvas")
    page.evaluate(UNFOLD)
    check_pictures(page, first=1)


def test_without_javascript_the_picture_is_there(context, site):
    page = context(java_script_enabled=False).new_page()
    page.goto(f"{site}/{HOME}")
    check_pictures(page)


def under_policy(page: Page, site: str, sources: str) -> None:
    """打开首页，服务器只许脚本来自 ``sources``。"""
    policy = {"Content-Security-Policy": f"script-src {sources}"}

    def limited(route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers=response.headers | policy)

    page.route(f"**/{HOME}", limited)
    page.goto(f"{site}/{HOME}")


def test_a_strict_policy_leaves_the_picture(context, site):
    """图的脚本由 blob 装载：服务器不许，就是图片。"""
    page = context().new_page()
    under_policy(page, site, "'self' 'unsafe-inline'")
    check_pictures(page)
    assert page.locator(".explorer-slot img").first.evaluate("node => node.naturalWidth") > 0


def test_the_policy_that_the_readme_names_is_enough(context, site):
    sources = re.search(r"CSP[^`]*`([^`]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    page = context().new_page()
    under_policy(page, site, sources[1])
    page.wait_for_function(DRAWN)
    expect(page.locator(".explorer-fallback")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("path", [HOME, todays_chapter()], ids=["home", "chapter"])
def test_the_page_does_not_jump_when_figures_arrive(context, site, path, size):
    page = context(viewport=size).new_page()
    page.goto(f"{site}/{path}")
    page.wait_for_function(DRAWN)
    page.evaluate("window.formulas.then(() => settle())")
    assert page.evaluate("shift") < 0.1
