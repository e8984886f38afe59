"""网站的预算：执行与构建的时间、滑块的反应、页面的分量。

- 构建：把源文件抄进一个空文件夹，从没有任何缓存开始；然后在一章里加一行注释，再构建一次。
- 执行：从零构建时每一章用的墙上时钟；每核一个内核，每个一个线程。
- 推算：写满 32 章以后 make test 要多久，见 projection.py。
- 滑块：真实的 Chromium 打开构建好的网站，每一页用鼠标把几个滑块从一头拖到另一头再拖回来；
  从页面收到鼠标事件，到画布上最后一笔画完，算一次，取全部样本的第 95 百分位。
- 分量：页面的 HTML，和第一次打开时要下载的全部文件；文本按 gzip 之后算，取最重的一页。
- 手机：处理器慢 4 倍、网速 1.6 Mbit/s、文本 gzip，最重的一页从打开到第一张图画好；
  手机从章首读起，后面的图还在下载也算。
"""

import gzip
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

from jupyter_cache import get_cache
from playwright.sync_api import Page, Response, sync_playwright

from benchmarks import projection
from theme.build import ROOT, QuietHandler, find_browser
from theme.pages import finished_chapters

BUILD = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
BUILD += ["build", "-W", "--keep-going", "."]
PACKED = {".woff", ".woff2", ".png", ".jpg", ".gif"}  # 已经压缩过，不再算 gzip

# 记下每次鼠标移动与之后最后一笔的时刻
WATCH = """
window.samples = [];
let moved = null, drawn = null;
const close = () => {
  if (moved !== null && drawn !== null) samples.push(drawn - moved);
  moved = drawn = null;
};
addEventListener("pointermove", () => { close(); moved = performance.now(); }, true);
for (const name of ["stroke", "fill", "fillRect", "strokeRect", "drawImage"]) {
  const original = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...args) {
    original.apply(this, args);
    drawn = performance.now();
  };
}
"""


# 第一张图画好、控件可用的时刻
USABLE = """() => document.querySelector(".explorer canvas") &&
  document.querySelector(".explorer .explorer-controls > *") && performance.now()"""


class PackingHandler(QuietHandler):
    """像网站的服务器那样，文本压缩了再送。"""

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file() or path.suffix in PACKED:
            return super().send_head()
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def copyfile(self, source, outputfile) -> None:
        with suppress(ConnectionError):  # 量完就关掉页面，后面的不要了
            super().copyfile(source, outputfile)


def row(what: str, budget: str, figure: str, ok: bool) -> dict:
    return {"what": what, "budget": budget, "figure": figure, "ok": ok}


def execution_seconds(folder: Path) -> dict[str, float]:
    """构建时每一章执行了多久，键是文件名。"""
    records = get_cache(folder / "_build" / "cache").list_cache_records()
    by_age = sorted(records, key=lambda record: record.pk)  # 执行过两次的，取后一次
    seconds = {Path(record.uri).stem: record.data["execution_seconds"] for record in by_age}
    return {Path(name).name: seconds[Path(name).name] for name in finished_chapters(ROOT).values()}


def build_seconds(folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(BUILD, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError("构建失败：\n" + done.stdout[-2000:] + done.stderr[-2000:])
    return time.perf_counter() - start


def copy_sources(folder: Path) -> None:
    for name in ("_config.yml", "_toc.yml", "pyproject.toml", "requirements.*"):
        for path in ROOT.glob(name):
            shutil.copy(path, folder)
    skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("book", "theme", "utils"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)


def building() -> list[dict]:
    """整本书从零构建，其中每一章的执行时间；改一章之后再构建。"""
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_sources(folder)
        cold = build_seconds(folder)
        seconds = execution_seconds(folder)
        slowest = max(seconds, key=seconds.get)
        (edited,) = (folder / "book").rglob(f"{slowest}.ipynb")
        notebook = json.loads(edited.read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        code[0]["source"] = [*code[0]["source"], "\n# 改动"]
        edited.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
        rebuild = build_seconds(folder)
        extra = rebuild - execution_seconds(folder)[slowest]
    each = "，".join(f"{name[:4]} {s:.0f} s" for name, s in seconds.items())
    return [
        *projection.rows(cold),
        row("执行一章，单线程", "60 s", each, seconds[slowest] <= 60),
        row("整本书从零执行并构建", "10 min", f"{cold:.0f} s", cold <= 600),
        row(
            f"改一章（{slowest[:4]}）之后再构建",
            "那一章 + 20 s",
            f"{rebuild:.0f} s = 那一章 + {extra:.0f} s",
            extra <= 20,
        ),
    ]


@contextmanager
def browser_page(handler: type = QuietHandler, **options) -> Iterator[tuple[Page, str]]:
    handler = partial(handler, directory=ROOT / "_build" / "html")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = chromium.new_page(**{"viewport": {"width": 1280, "height": 800}} | options)
        yield page, f"http://127.0.0.1:{server.server_port}"
        chromium.close()
    server.shutdown()


def drag_sliders(page: Page, n: int = 4) -> list[float]:
    """页面上从头到尾的 ``n`` 个滑块，各拖一个来回；返回每次重画用的毫秒数。"""
    handles = page.locator(".explorer .noUi-handle:visible").all()
    for handle in handles[:: max(1, len(handles) // n)]:
        handle.scroll_into_view_if_needed()
        track = handle.locator("xpath=ancestor::*[contains(@class, 'noUi-base')]").bounding_box()
        knob = handle.bounding_box()
        y = knob["y"] + knob["height"] / 2
        page.mouse.move(knob["x"] + knob["width"] / 2, y)
        page.mouse.down()
        for x in (track["x"], track["x"] + track["width"], track["x"]):
            page.mouse.move(x, y, steps=12)
        page.mouse.up()
    return page.evaluate("samples")


def download_sizes(page: Page, url: str) -> dict[str, int]:
    """打开一页，返回下载的每个文件有多少字节。"""
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(url, wait_until="networkidle")
    page.wait_for_selector(".explorer canvas")
    bodies = {r.url.partition("?")[0]: r.body() for r in responses if r.ok}
    return {url: gzipped(url, body) for url, body in bodies.items() if url.startswith("http")}


def gzipped(url: str, body: bytes) -> int:
    return len(body) if Path(url).suffix in PACKED else len(gzip.compress(body, 6))


def seconds_on_a_slow_phone(name: str) -> float:
    """从打开一页到第一张图可以拖动。"""
    phone = {"viewport": {"width": 390, "height": 664}, "is_mobile": True, "has_touch": True}
    with browser_page(PackingHandler, **phone) as (page, site):
        device = page.context.new_cdp_session(page)
        device.send("Network.enable")
        speed = {"downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8, "latency": 150}
        device.send("Network.emulateNetworkConditions", {"offline": False, **speed})
        device.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.goto(f"{site}/{name}.html", wait_until="commit")
        return page.wait_for_function(USABLE, timeout=120_000).json_value() / 1000


def reading() -> list[dict]:
    """滑块的反应，页面与第一次打开的分量。"""
    times: list[float] = []
    html: dict[str, int] = {}
    load: dict[str, int] = {}
    names = ["book/index", *finished_chapters(ROOT).values()]
    for name in names:
        # 每页一个新的浏览器：第一次打开，没有缓存；不要动画，不然量到的是两次运行之间的过渡
        with browser_page(reduced_motion="reduce") as (page, site):
            page.add_init_script(WATCH)
            sizes = download_sizes(page, f"{site}/{name}.html")
            html[name] = sizes[f"{site}/{name}.html"]
            load[name] = sum(sizes.values())
            times += drag_sliders(page)
    p95 = statistics.quantiles(times, n=20)[-1]
    heavy, first = max(html, key=html.get), max(load, key=load.get)
    phone = seconds_on_a_slow_phone(first)
    return [
        row(
            "滑块到重画完一帧，第 95 百分位",
            "16 ms",
            f"{p95:.1f} ms（{len(times)} 次，中位数 {statistics.median(times):.1f} ms）",
            p95 <= 16,
        ),
        row(
            "一页的 HTML，gzip",
            "1 MB",
            f"{html[heavy] / 1e6:.2f} MB（{Path(heavy).name[:4]}）",
            html[heavy] <= 1e6,
        ),
        row(
            "第一次打开一页，gzip",
            "1.5 MB",
            f"{load[first] / 1e6:.2f} MB（{Path(first).name[:4]}）",
            load[first] <= 1.5e6,
        ),
        row(
            "慢的手机上第一张图可用",
            "8 s",
            f"{phone:.1f} s（{Path(first).name[:4]}）",
            phone <= 8,
        ),
    ]


def run() -> list[dict]:
    """每行的键是 what、budget、figure、ok。"""
    return building() + reading()


if __name__ == "__main__":
    for result in run():
        print(result)
