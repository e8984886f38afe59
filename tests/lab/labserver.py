"""一个真正的 JupyterLab 和打开它的浏览器：测试和 benchmarks 共用。

服务器只听 127.0.0.1，配置、数据、工作区都在临时文件夹里；浏览器解析不了任何别的主机名。
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from theme.build import find_browser

START_S = 60
RUN_S = 180
expect.set_options(timeout=30_000)  # 机器忙的时候也要等得到
VIEW = "application/vnd.jupyter.widget-view+json"

# 记下每块画布每一帧画了几条线，每条几个点：实线是当前的运行，虚线是淡影。
WATCH = """
window.frames_ = [];
const context = CanvasRenderingContext2D.prototype;
const wrap = (name, before) => {
  const original = context[name];
  context[name] = function (...args) { before(this, ...args); return original.apply(this, args); };
};
wrap("clearRect", (c) => {
  c.frame = { at: performance.now(), canvas: c.canvas, live: [], ghost: [] };
  frames_.push(c.frame);
});
wrap("beginPath", (c) => (c.points = 0));
wrap("moveTo", (c) => (c.points += 1));
wrap("lineTo", (c) => (c.points += 1));
wrap("stroke", (c) => c.frame?.[c.getLineDash().length ? "ghost" : "live"].push(c.points));
"""


# 读者自己写的一格：超参数里有整数，训练可以放慢。
OWN = """
import time
import matplotlib.pyplot as plt
from utils import Line, explore, sweep

pause = 0
def train(lr, n):
    w = 1.0
    for _ in range(60):
        yield {"w": w}
        w -= lr * n * w
        time.sleep(pause)

fig, ax = plt.subplots()
ax.set(xlim=(0, 60), ylim=(-1, 1), title="自己的图", xlabel="步", ylabel="参数 $w$")
explore(sweep(train, lr=[0.01, 0.1], n=[1, 2]), fig, [Line("w", label="参数")],
        labels={"lr": "学习率", "n": "个数"}, alt="参数随步数下降", caption="拖动学习率。")
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(folder: Path, notebooks: Path) -> Iterator[str]:
    """在 ``notebooks`` 里启动 JupyterLab，给出带令牌的网址；其余文件放在 ``folder``。"""
    port, token = _free_port(), secrets.token_hex(16)
    dirs = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    settings = folder / dirs["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={token}", f"--notebook-dir={notebooks}"),
            "--LabApp.expose_app_in_browser=True",
        ],
        env=os.environ | {name: str(folder / sub) for name, sub in dirs.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    log: list[str] = []
    ready = threading.Event()

    def read() -> None:
        for line in server.stdout:
            log.append(line)
            if f"127.0.0.1:{port}/lab?token=" in line:
                ready.set()
        ready.set()  # 提前退出也别让人白等

    threading.Thread(target=read, daemon=True).start()
    try:
        if not ready.wait(START_S) or server.poll() is not None:
            raise RuntimeError("JupyterLab 没有启动：\n" + "".join(log))
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}"
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def launch(playwright: Playwright) -> Browser:
    """一个断网的浏览器：只连得到 127.0.0.1。"""
    executable = find_browser()
    if not executable:
        raise RuntimeError("没有找到 Chromium：请先运行 python theme/build.py browser")
    return playwright.chromium.launch(
        executable_path=executable,
        args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
    )


class Notebook:
    """在浏览器的 JupyterLab 里打开的一个笔记本。"""

    def __init__(self, browser: Browser, url: str, name: str) -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.add_init_script(WATCH)
        self.page.goto(url.format(name), wait_until="commit")
        self.page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.context?.isReady", timeout=START_S * 1000
        )
        self.page.evaluate("() => { window.notebook = jupyterapp.shell.currentWidget }")
        self.settle("Promise.all([notebook.revealed, notebook.sessionContext.ready])")

    def settle(self, promise: str) -> None:
        """等一个 JavaScript 的 Promise 完成，有时限；失败了就抛出它的原因。"""
        self.page.evaluate(
            f"""() => {{
              window.settled = null;
              ({promise}).then(() => {{ settled = "done" }}, (why) => {{ settled = String(why) }});
            }}"""
        )
        self.page.wait_for_function("settled", timeout=RUN_S * 1000)
        if (outcome := self.page.evaluate("settled")) != "done":
            raise RuntimeError(f"{promise}：{outcome}")

    def command(self, name: str) -> None:
        """JupyterLab 菜单里的一条命令。"""
        self.settle(f"jupyterapp.commands.execute('{name}')")

    def run_all(self) -> None:
        """菜单里的“运行全部”，等到每张图都画出来。"""
        self.command("notebook:run-all-cells")
        shown = sum(VIEW in output.get("data", {}) for output in self.outputs())
        expect(self.page.locator(".explorer-view")).to_have_count(shown)

    def execute(self, code: str) -> str:
        """在内核里运行一段不属于笔记本的代码，返回 ``"ok"`` 或 ``"error"``。"""
        self.page.evaluate("code => { window.code = code }", code)
        self.settle(
            "notebook.sessionContext.session.kernel.requestExecute({code}).done"
            ".then((reply) => { window.reply = reply.content.status })"
        )
        return self.page.evaluate("reply")

    def picture(self, number: int) -> "Picture":
        """能现场填学习率的第 ``number`` 张图（负数从后往前数），现场训练的一栏已经打开。"""
        rate = self.page.locator(".explorer-field", has_text="学习率").locator("input")
        pictures = self.page.locator(".explorer").filter(has=rate)
        picture = Picture(self.page, pictures.nth(number % pictures.count()))
        picture.root.scroll_into_view_if_needed()
        expect(picture.button("现场训练")).to_be_visible()
        if picture.form.is_hidden():
            picture.button("现场训练").click()
        return picture

    def outputs(self) -> list[dict]:
        """全部代码单元格的输出。"""
        cells = self.page.evaluate("notebook.content.model.toJSON().cells")
        return [output for cell in cells for output in cell.get("outputs", [])]


class Picture:
    """笔记本里的一张可拖动的图。"""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page = page
        self.root = root
        self.status = self.root.locator(".explorer-status")
        self.form = self.root.locator("form")

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name)

    def train(self, lr: str) -> None:
        """填好学习率，开始训练。"""
        self.form.get_by_label("学习率").fill(lr)
        self.forget()
        self.button("开始训练").click()

    def forget(self) -> None:
        """从现在起重新记录画过的帧。"""
        self.page.evaluate("() => { frames_ = [] }")

    def frames(self) -> list[dict]:
        """``forget`` 以来的每一帧：第几块画布，实线和淡影各有多少点。"""
        return self.root.evaluate(
            """(root) => {
              const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
              const canvases = [...root.querySelectorAll("canvas")];
              return frames_
                .map(({ at, canvas, live, ghost }) => (
                  { at, panel: canvases.indexOf(canvas), live: sum(live), ghost: sum(ghost) }))
                .filter(({ panel }) => panel >= 0);
            }"""
        )

    def pixels(self) -> list[str]:
        return self.root.evaluate(
            "(root) => [...root.querySelectorAll('canvas')].map((c) => c.toDataURL())"
        )
