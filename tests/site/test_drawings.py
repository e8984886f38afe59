"""每章的小图：首页和章首都有，浅色深色都看得清，不想看动画的读者看到的是静止的。"""

import pytest
from contrast import contrast
from pages import CHAPTERS, DESKTOP, HOME
from playwright.sync_api import expect

COLORS = """() =>
  [...document.querySelectorAll(".drawing")].map((svg) => getComputedStyle(svg).color)"""
PAPER = "() => getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_finished_chapter_has_its_drawing(new_context, site, mode):
    context = new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{site}/{HOME}")
    page.evaluate("mode => (document.documentElement.dataset.theme = mode)", mode)
    expect(page.locator(".parts li:has(a) .drawing")).to_have_count(len(CHAPTERS))
    paper = page.evaluate(PAPER)
    assert all(contrast(color, paper) >= 3 for color in page.evaluate(COLORS))
    context.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_it_moves_only_for_readers_who_want_it(new_context, site, motion):
    context = new_context(viewport=DESKTOP, reduced_motion=motion)
    page = context.new_page()
    page.goto(f"{site}/{CHAPTERS[1]}")
    drawing = page.locator("h1").locator("xpath=preceding-sibling::div").locator(".drawing")
    expect(drawing).to_have_count(1)
    moving = drawing.evaluate("svg => svg.getAnimations({ subtree: true }).length")
    assert (moving > 0) == (motion == "no-preference")
    context.close()
