"""每一页：只用自己的文件，不报错，公式排好了，手机上不横着滚，读屏软件读得懂。"""

import pytest
from axe_playwright_python.sync_playwright import Axe
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


def test_self_contained(visit):
    """打开、换深色、打开搜索框：没有一个请求去别的主机，没有缺文件，没有报错。"""
    switch = visit.locator(".theme-switch-button").first
    for _ in range(3):
        switch.click()
    visit.keyboard.press("Control+K")
    visit.locator("#search-input").first.wait_for(state="visible")
    visit.keyboard.press("Escape")
    hints = 'link[rel~="preconnect"], link[rel~="dns-prefetch"]'
    assert visit.locator(hints).count() == 0
    visit.evaluate("frames2()")
    visit.log.check()


def test_formulas(visit):
    assert visit.locator("mjx-merror, mjx-container [data-mjx-error]").count() == 0
    # 不认识的命令不报错，只是排成红字
    red = visit.locator('mjx-container [style*="color: red"]')
    assert red.count() == 0, f"MathJax 不认识：{red.all_inner_texts()}"
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
    if mode == "dark":
        request.getfixturevalue("dark")
    rules = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = Axe().run(visit, options={"resultTypes": rules["resultTypes"]}).response["violations"]
    serious = [
        f"{v['id']}（{v['help']}）{node['target']}\n    {node['html'][:200]}\n    "
        + node["failureSummary"].replace("\n", "\n    ")
        for v in found
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"][:3]
    ]
    assert not serious, "\n".join(serious)
