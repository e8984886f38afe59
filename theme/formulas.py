"""公式排好以前，给它留出差不多的位置：不然排好的一刻，文字会跳。

源码 ``\\(\\sigma(w^\\top x)\\)`` 比排出来的公式宽得多。这里由源码估计宽度，单位是周围文字的 em。
"""

import re
from html import unescape

from sphinx.application import Sphinx

INLINE = re.compile(r'<span class="math notranslate nohighlight">(\\\([^<]*?\\\))</span>')
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S")
SPACING = {  # 空白，和自带空白的点
    "\\,": 0.2,
    "\\;": 0.33,
    "\\:": 0.27,
    "\\!": -0.2,
    "\\ ": 0.3,
    "\\quad": 1.2,
    "\\dots": 1.7,
    "\\cdot": 0.75,
}
WORDS = re.compile(r"\\(ln|log|exp|max|min|tanh|cos|sin|arg|det|lim|Pr|sup|inf|dim|ker|gcd)$")
RELATIONS = (
    r"= < > + - \le \ge \leq \geq \ne \neq \ll \gg \approx \sim \propto \equiv \in \to \times"
    r" \leftarrow \rightarrow \Rightarrow \Leftrightarrow \mapsto \pm \odot \mid \cup \cap"
).split()
NOTHING = (
    r"{ } & \left \right \big \Big \bigl \bigr \Bigl \Bigr \mathrm \mathbf \mathbb \mathcal \text"
    r" \hat \tilde \bar \vec \dot \operatorname \boldsymbol \displaystyle \underline \overline"
).split()
WIDE = {"W": 1.2, "M": 1.15, "w": 0.85, "m": 0.95}
NARROW = {*"()[]|!/.,;:'il", "\\{", "\\}", "\\lvert", "\\rvert", "\\lVert", "\\rVert", "\\|"}


def group(tokens: list[str], i: int) -> tuple[list[str], int]:
    """从第 ``i`` 个记号起的一个参数（一个记号，或一对花括号里的），和它后面的位置。"""
    if i >= len(tokens) or tokens[i] != "{":
        return tokens[i : i + 1], i + 1
    depth, start = 0, i + 1
    for j in range(i, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[j], 0)
        if depth == 0:
            return tokens[start:j], j + 1
    return tokens[start:], len(tokens)


def one(token: str) -> float:
    """一个记号的宽度。"""
    if token in SPACING:
        return SPACING[token]
    if token in NOTHING:
        return 0.0
    if token in RELATIONS:
        return 1.5
    if found := WORDS.match(token):
        return 0.55 * len(found[1]) + 0.2
    if token in NARROW:
        return 0.45
    if "\u4e00" <= token <= "\u9fff":
        return 1.2
    return WIDE.get(token, 0.85 if token.isupper() else 0.66)


def width(tokens: list[str]) -> float:
    """一串记号排出来有多宽。"""
    total, i = 0.0, 0
    while i < len(tokens):
        token = tokens[i]
        i += 1
        if token in ("^", "_"):
            script, i = group(tokens, i)
            size = 0.72 * width(script)
            if i < len(tokens) and tokens[i] in ("^", "_"):  # 上下标叠在一起
                other, i = group(tokens, i + 1)
                size = max(size, 0.72 * width(other))
            total += size
        elif token in ("\\frac", "\\dfrac", "\\tfrac"):
            above, i = group(tokens, i)
            below, i = group(tokens, i)
            scale = 1.0 if token == "\\dfrac" else 0.72
            total += scale * max(width(above), width(below)) + 0.25
        elif token == "\\sqrt":
            inside, i = group(tokens, i)
            total += width(inside) + 0.95
        else:
            total += one(token)
    return total


def reserve(app: Sphinx, pagename, templatename, context, doctree) -> None:
    def with_room(found: re.Match) -> str:
        room = 1.05 * width(TOKEN.findall(unescape(found[1])[2:-2]))
        return found[0].replace(">", f' style="--room: {room:.1f}em">', 1)

    if "body" in context:
        context["body"] = INLINE.sub(with_room, context["body"])


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", reserve, priority=600)  # 公式后面的标点已经拴好
