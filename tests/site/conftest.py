"""真正的浏览器读构建好的网站：只连本机，别的主机一律挡住并记下来。"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import specimen
from figure import Figure, figures, resize
from pages import (
    BY_HAND,
    CHAPTERS,
    DESKTOP,
    HOME,
    HTML,
    N_COMMITS,
    PHONE,
    SPECIMEN,
    UNFOLD,
    deep_link,
)
from playwright.sync_api import BrowserContext, Page, sync_playwright

from theme.build import QuietHandler, find_browser

# 颜色、曲线不慢慢变，页面不慢慢滚
AT_ONCE = """* { transition: none !important; scroll-behavior: auto !important; }
.explorer { --tween: 0 !important; }"""
# 网址里 # 后面的那一节，此刻离屏幕顶多远
LANDED = """() => {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!node) return null;
  const shown = node.offsetHeight ? node : node.parentElement.querySelector("h1, h2, h3, h4");
  return shown.getBoundingClientRect().top;
}"""
# 打开的时候，不是读者动手而自己跳动的东西占多大
SHIFT = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def pytest_report_header() -> str:
    return f"用鼠标和键盘操作的页面：{'、'.join(BY_HAND)}（用 TEST_CHAPTER=ch02 指定一章）"


class Handler(QuietHandler):
    """构建好的网站，外加一张标本页。"""

    def do_GET(self) -> None:
        if self.path != f"/{SPECIMEN}":
            return super().do_GET()
        body = specimen.page((HTML / HOME).read_text(encoding="utf-8")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """网站的网址。"""
    if not (HTML / HOME).is_file():
        pytest.fail("还没有构建网站：请先运行 make site", pytrace=False)
    specimen.page((HTML / HOME).read_text(encoding="utf-8"))  # 先画好，打开页面时不用等
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    executable = find_browser()
    if not executable:
        pytest.fail("没有找到 Chromium：请先运行 python theme/build.py browser", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


@dataclass
class Log:
    """一个页面向外要了什么、报了什么错。"""

    outside: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page, site: str) -> None:
        own = urlsplit(site).netloc

        def request(request) -> None:
            url = urlsplit(request.url)
            if url.scheme not in ("data", "blob") and url.netloc != own:
                self.outside.append(request.url)

        page.on("request", request)
        page.on("websocket", lambda socket: self.outside.append(socket.url))
        page.on(
            "response", lambda r: r.status >= 400 and self.missing.append(f"{r.status} {r.url}")
        )
        page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        page.on("pageerror", lambda e: self.errors.append(str(e)))

    def check(self) -> None:
        assert not self.outside, f"页面向别的主机要了东西：{self.outside}"
        assert not self.missing, f"页面要的文件不存在：{self.missing}"
        assert not self.errors, f"浏览器控制台报错：{self.errors}"


@pytest.fixture(scope="session")
def new_context(browser) -> Iterator[Callable[..., BrowserContext]]:
    """一个新的浏览器窗口，什么也没存过。"""

    def new(**options) -> BrowserContext:
        context = browser.new_context(color_scheme="light", locale="zh-CN", **options)
        context.set_default_timeout(60_000)  # 只防卡死：机器忙的时候也要等得到
        context.add_init_script(path=Path(__file__).with_name("recorder.js"))
        context.add_init_script(SHIFT)
        return context

    return new


@pytest.fixture(scope="session")
def open_page(new_context, site) -> Callable[..., tuple[Page, Log]]:
    """打开一个页面，等公式排好、图画好。

    ``page.landed`` 是网址指的那一节停在哪里，``page.shift`` 是打开时跳了多少。
    """
    shared = new_context(viewport=DESKTOP)

    def open_(path: str, context: BrowserContext = shared) -> tuple[Page, Log]:
        page, log = context.new_page(), Log()
        log.watch(page, site)
        page.goto(f"{site}/{path}")
        page.add_style_tag(content=AT_ONCE)
        page.evaluate("window.formulas")
        page.wait_for_function(
            """() => !document.querySelector(".explorer-skeleton") &&
              document.querySelectorAll(".explorer-view").length ===
              document.querySelectorAll('script[type$="widget-view+json"]').length"""
        )
        page.evaluate("settle()")
        page.landed, page.shift = page.evaluate(LANDED), page.evaluate("shift")
        return page, log

    return open_


@pytest.fixture(scope="session")
def visit(request, open_page) -> Iterator[Page]:
    """同一个页面的测试共用一次打开；关掉之前再看一遍有没有向外要过东西。"""
    path = request.param
    page, log = open_page(path + deep_link(path) if path in CHAPTERS else path)
    page.evaluate(UNFOLD)
    page.log = log
    yield page
    page.close()
    log.check()


@pytest.fixture
def shown(visit) -> list[Figure]:
    """页面上的图，个数与页面里存的一致。"""
    found = figures(visit)
    assert found, "这一页没有可拖动的图"
    assert visit.locator(".explorer").count() == len(found)
    return found


@pytest.fixture
def handful(shown) -> list[Figure]:
    """慢慢地用鼠标、键盘操作的几张：标本页上是全部，一章里是随提交轮换的五张。"""
    if len(shown) <= 5 or shown[0].page.url.endswith(SPECIMEN):
        return shown
    first = N_COMMITS // len(CHAPTERS) % len(shown)
    return (shown + shown)[first : first + 5]


@pytest.fixture
def phone(visit) -> Iterator[Page]:
    resize(visit, PHONE)
    yield visit
    resize(visit, DESKTOP)


@pytest.fixture
def dark(visit) -> Iterator[Page]:
    switch = "theme => { document.documentElement.dataset.theme = theme; return settle(); }"
    visit.evaluate(switch, "dark")
    yield visit
    visit.evaluate(switch, "light")
