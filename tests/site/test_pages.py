"""每一页：只用自己的文件，不报错，公式排好了，手机上不横着滚，读屏软件读得懂。"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from contrast import contrast
from figure import sideways
from pages import BY_HAND, CHAPTERS, PAGES, TODAY, WITH_EXPLORERS, on_pages

# 每一种页面一个：首页、轮到的一章、附录、搜索
KINDS = [TODAY, *(page for page in PAGES if page not in CHAPTERS)]
everywhere = on_pages(PAGES)
by_hand = on_pages(BY_HAND)

# 留的位置与排好的公式差了不止一成、不止三个像素的；折着的也算，大小与周围的文字一样
ROOM = """() => [...document.querySelectorAll(".bd-article span.math[style]")].filter((formula) => {
  const width = formula.querySelector("mjx-math").getBoundingClientRect().width;
  const room = document.createElement("span");
  room.style.cssText = "position: absolute; width: var(--room)";
  formula.append(room);
  const gap = Math.abs(room.getBoundingClientRect().width - width);
  room.remove();
  return formula.checkVisibility() && gap > 3 && gap > 0.1 * width;
}).map((formula) => formula.querySelector("mjx-container").textContent)"""
# 页面上（代码和脚本以外）还没有排版的公式
RAW_MATH = r"""() => {
  const found = [document.title].filter((text) => /\\[(a-z]|\$/.test(text));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest("pre, code, script, style, noscript, mjx-container")) continue;
    const raw = /\$[^$\n]+\$|\\\(|\\\[|\\begin\{/;
    if (raw.test(node.data)) found.push(node.data.trim().slice(0, 80));
  }
  return found;
}"""

# 报错的公式，和排成红字的不认识的命令
WRONG_MATH = """() => [...(window.MathJax?.startup.document?.math ?? [])]
  .filter((m) => m.typesetRoot?.querySelector('mjx-merror, [style*="color: red"]'))
  .map((m) => m.math)"""

# 正文里每一种文字的颜色和它背后的底色；半透明的叠起来算。同样的颜色只看一处
TEXT_COLORS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const paper = (node) => {
    if (!node) return [255, 255, 255];
    const color = numbers(getComputedStyle(node).backgroundColor);
    return color[3] === 0 ? paper(node.parentElement) : over(color, paper(node.parentElement));
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim()) continue;
    if (node.closest("script, style, noscript, svg, mjx-container")) continue;
    if (!node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const under = paper(node);
    const color = `rgb(${over(numbers(getComputedStyle(node).color), under).map(Math.round)})`;
    found[`${color} 在 rgb(${under.map(Math.round)}) 上`] ??=
      [color, `rgb(${under.map(Math.round)})`, node.outerHTML.slice(0, 120)];
  }
  return found;
}"""


@on_pages(KINDS)
def test_self_contained(visit):
    """换深色、打开搜索框、要公式的扩展：没有一个请求去别的主机，没有缺文件，没有报错。

    打开与关上之间要了什么、报了什么错，每一页都看（conftest.py 的 visit）。
    """
    themes = set()
    for _ in range(3):  # 自动、浅色、深色
        visit.locator(".theme-switch-button").first.click()
        themes.add(visit.evaluate("document.documentElement.dataset.theme"))
    assert themes == {"light", "dark"}
    visit.keyboard.press("Control+K")
    visit.locator("input[type=search]:focus").wait_for()
    visit.keyboard.press("Escape")
    visit.evaluate("window.MathJax?.loader.load('a11y/explorer', '[tex]/mhchem')")
    hints = 'link[rel~="preconnect"], link[rel~="dns-prefetch"]'
    assert visit.locator(hints).count() == 0
    visit.evaluate("settle()")
    visit.log.check()


@everywhere
def test_formulas(visit):
    wrong = visit.evaluate(WRONG_MATH)
    assert not wrong, f"MathJax 排不出：{wrong}"
    raw = visit.evaluate(RAW_MATH)
    assert not raw, f"没有排版的公式：{raw}"
    typeset, wanted = (visit.locator(s).count() for s in ("mjx-container", ".math"))
    assert typeset == wanted
    assert wanted > 0 or visit.url.split("/", 3)[3] not in CHAPTERS


@everywhere
def test_formulas_are_as_large_as_the_room_kept_for_them(visit):
    assert visit.evaluate(ROOM) == []


@on_pages(sorted({*PAGES} - {*WITH_EXPLORERS}))
def test_phone_does_not_scroll_sideways(visit, phone):
    """有图的页面在 test_explorers.py 的 test_resize 里看。"""
    assert not sideways(phone)


# 公式、代码和画框里面的几万个元素：先拿开，换成一个字，看完放回去
SET_ASIDE = """() => {
  const boxes = document.querySelectorAll("mjx-container, .highlight pre, .explorer-stage svg");
  window.aside = [...boxes].map((box) => {
    const inside = document.createDocumentFragment();
    inside.append(...box.childNodes);
    if (!box.matches("svg")) box.append("x");
    return [box, inside];
  });
}"""
PUT_BACK = "() => window.aside.forEach(([box, inside]) => box.replaceChildren(inside))"


def serious(visit, **options) -> str:
    """axe 的严重发现。公式、代码、画框的内部不看：太多，很慢；慢的两条颜色规则只在几页上看。"""
    visit.evaluate(SET_ASIDE)
    found = Axe().run(
        visit,
        context={"exclude": [["mjx-container"], [".highlight pre"]]},
        options={"resultTypes": ["violations"], "preload": False} | options,
    )
    visit.evaluate(PUT_BACK)
    return "\n".join(
        "\n  ".join([v["id"], str(node["target"]), node["html"][:200], node["failureSummary"]])
        for v in found.response["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"][:3]
    )


@everywhere
def test_accessibility(visit):
    slow = ["color-contrast", "link-in-text-block", "region"]  # region 从来算不上严重
    found = serious(visit, rules={rule: {"enabled": False} for rule in slow})
    assert not found, found


@by_hand
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_contrast_by_axe(visit, mode, request):
    if mode == "dark":
        request.getfixturevalue("dark")
    found = serious(visit, runOnly=["color-contrast", "link-in-text-block"])
    assert not found, found


@everywhere
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_colors(visit, mode, request):
    """正文和每一类代码的颜色都读得清：4.5 : 1。"""
    if mode == "dark":
        request.getfixturevalue("dark")
    colors = visit.evaluate(TEXT_COLORS)
    assert len(colors) > 2
    faint = {
        kind: f"对比度 {contrast(color, paper):.2f}：{html}"
        for kind, (color, paper, html) in colors.items()
        if contrast(color, paper) < 4.5
    }
    assert not faint, f"看不清的文字：{faint}"


@pytest.mark.xdist_group("one")
def test_xdist_groups_the_tests_of_a_page(request):
    """不认得分组时它一句话也不说：同一页的测试分给两个进程，每个都要打开一遍。"""
    if getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith("@one")
