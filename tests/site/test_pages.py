"""每一页：只用自己的文件，不报错，公式排好了，手机上不横着滚，读屏软件读得懂。"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from contrast import contrast
from pages import CHAPTERS, PAGES

pytestmark = pytest.mark.parametrize("visit", PAGES, indirect=True, scope="session")

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

# 右边超出屏幕、又不在自己的滚动框里的元素
TOO_WIDE = """() => {
  const scrolls = (node) => {
    for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !scrolls(node))
    .slice(0, 5)
    .map((node) => node.outerHTML.slice(0, 160));
}"""

# 每一类代码的颜色和它背后的底色
CODE_COLORS = """() => {
  const found = {};
  const paper = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return /, 0\\)$/.test(color) ? paper(node.parentElement) : color;
  };
  for (const node of document.querySelectorAll(".highlight pre, .highlight pre span[class]"))
    found[node.className || "pre"] ??= [getComputedStyle(node).color, paper(node)];
  return found;
}"""


def test_self_contained(visit):
    """换深色、打开搜索框、要公式的扩展：没有一个请求去别的主机，没有缺文件，没有报错。"""
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


def test_formulas(visit):
    wrong = visit.evaluate(WRONG_MATH)
    assert not wrong, f"MathJax 排不出：{wrong}"
    raw = visit.evaluate(RAW_MATH)
    assert not raw, f"没有排版的公式：{raw}"
    typeset, wanted = (visit.locator(s).count() for s in ("mjx-container", ".math"))
    assert typeset == wanted
    assert wanted > 0 or visit.url.split("/", 3)[3] not in CHAPTERS


def test_phone_does_not_scroll_sideways(visit, phone):
    width = visit.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, f"页面宽 {width} 像素，撑宽它的是：{visit.evaluate(TOO_WIDE)}"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_accessibility(visit, mode, request):
    """axe 没有严重的发现。代码的颜色一类看一个（见下一个测试），公式的内部不看：太多，很慢。"""
    if mode == "dark":
        request.getfixturevalue("dark")
    found = Axe().run(
        visit,
        context={"exclude": [["mjx-container"], [".highlight pre"]]},
        options={"resultTypes": ["violations"], "preload": False}
        | ({"runOnly": ["color-contrast"]} if mode == "dark" else {}),
    )
    serious = [
        "\n  ".join([v["id"], str(node["target"]), node["html"][:200], node["failureSummary"]])
        for v in found.response["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"][:3]
    ]
    assert not serious, "\n".join(serious)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_code_colors(visit, mode, request):
    """每一类代码的颜色都读得清。"""
    if mode == "dark":
        request.getfixturevalue("dark")
    faint = {
        kind: f"{color} 在 {paper} 上，对比度 {contrast(color, paper):.2f}"
        for kind, (color, paper) in visit.evaluate(CODE_COLORS).items()
        if contrast(color, paper) < 4.5
    }
    assert not faint, f"看不清的代码：{faint}"
