"""辅助包和笔记本在 Windows 上也能用：没有只在某个系统上成立的写法。"""

import ast
import re
from pathlib import Path

import pytest
from book_files import NOTEBOOKS, ROOT, cells, read, source

PLACES = sorted((ROOT / "utils").rglob("*.py")) + NOTEBOOKS
FORBIDDEN = {
    r"\bos\.fork\b|['\"]fork(server)?['\"]": "Windows 没有 fork",
    r"\bos\.system\b|shell=True|^\s*!|^\s*%%(bash|sh)\b|\bget_ipython\(\)\.system": "不要用 shell",
    r"['\"](/tmp|/home|/usr|/dev/(?!null)|~/|[A-Za-z]:\\\\)": "不要写死路径",
    r"\+ *['\"][/\\\\]{1,2}['\"] *\+|\.split\(['\"][/\\\\]{1,2}['\"]\)": "用 pathlib 拼路径",
    r"\bSIGKILL\b|\bSIGALRM\b|\bSIGUSR|^import (resource|fcntl|pwd|termios)\b": "Windows 没有",
    r"\bos\.(getuid|geteuid|chmod|symlink|sched_getaffinity)\b|\bos\.uname\b": "Windows 没有或不同",
}


def code_of(path: Path) -> str:
    if path.suffix == ".py":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(source(cell) for cell in cells(read(path), "code"))


@pytest.mark.parametrize("place", PLACES, ids=[str(p.relative_to(ROOT)) for p in PLACES])
def test_nothing_works_on_one_system_only(place):
    found = [
        f"{match.group()!r}：{why}"
        for pattern, why in FORBIDDEN.items()
        for match in re.finditer(pattern, code_of(place), re.M)
    ]
    assert not found


@pytest.mark.parametrize("place", PLACES, ids=[str(p.relative_to(ROOT)) for p in PLACES])
def test_text_files_name_their_encoding(place):
    """Windows 的默认编码不是 UTF-8，读写文本必须写明。"""
    code = re.sub(r"^(\s*)%", r"\1# %", code_of(place), flags=re.M)
    code = re.sub(r"^(\s*)# %pip.*$", r"\1pass", code, flags=re.M)
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name != "open" and not name.endswith((".read_text", ".write_text")):
            continue
        words = {keyword.arg for keyword in node.keywords}
        literals = [a.value for a in node.args if isinstance(a, ast.Constant)]
        binary = any(
            isinstance(v, str) and re.fullmatch(r"[rwxa]\+?b\+?|b[rwxa]", v) for v in literals
        )
        assert "encoding" in words or binary, f"第 {node.lineno} 行的 {name} 没有写 encoding"


def test_text_files_use_unix_line_ends():
    for path in PLACES:
        assert b"\r\n" not in path.read_bytes(), path
