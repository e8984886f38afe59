"""检查的结果，以及它在笔记本里的样子。"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """一次检查的结果。放在单元格最后一行会自己显示；`passed` 是 bool。

    status: "passed"（通过）、"unfinished"（还没写完）、"wrong"（不对）或 "error"（报错）。
    message: 中文说明；缩进四格的行是代码，反引号里的是行内代码。
    case: 说明里讲的那组输入（参数的元组），`f(*result.case)` 可以重做；没有则为 None。
    """

    name: str
    title: str
    status: str
    message: str
    case: tuple | None = None

    @property
    def passed(self) -> bool:
        return self.status == "passed"

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        icon, verdict, _ = _LOOKS[self.status]
        return f"{icon} {verdict}：{self.title}（{self.name}）\n{self.message}"

    def _repr_html_(self) -> str:
        icon, verdict, color = _LOOKS[self.status]
        # 文字颜色继承页面，底色半透明：浅色和深色页面上都看得清。
        return (
            f'<div role="status" style="border-left:4px solid {color};background:{color}1a;'
            'padding:.5em .9em;margin:.3em 0;border-radius:4px;line-height:1.6">'
            f'<div><strong aria-hidden="true">{icon}</strong> '
            f"<strong>{verdict}</strong>：{html.escape(self.title)}</div>"
            f"{_to_html(self.message)}</div>"
        )


_LOOKS = {  # 图标、结论、边框的颜色（在白底和深底上对比度都不低于 3:1）
    "passed": ("✓", "通过", "#2a9d5c"),
    "unfinished": ("…", "还没写完", "#4a86c5"),
    "wrong": ("✗", "还不对", "#d0661b"),
    "error": ("✗", "运行出错", "#d64550"),
}


def _to_html(message: str) -> str:
    parts = []
    for line in message.splitlines():
        text = html.escape(line.strip())
        if line.startswith("    "):
            parts.append(f'<pre style="margin:.2em 0;white-space:pre-wrap">{text}</pre>')
        else:
            text = re.sub("`([^`]+)`", r"<code>\1</code>", text)
            parts.append(f"<div>{text}</div>")
    return "".join(parts)
