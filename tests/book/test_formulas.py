"""公式排好以前留的位置：与浏览器里排好的一样大，字体换了也一样。"""

import re

import pytest

from theme import formulas

# 在 Chromium 里用 MathJax 排好以后量的宽度，单位 em；那里的字体 1 ex 是 0.5625 em
MEASURED = {
    r"d_{\text{model}}": 3.11,
    r"a_1,\dots,a_T": 5.47,
    r"\alpha_{1,j}": 1.99,
    r"a_1\cdot a_j": 3.29,
    r"W^q,\ W^k": 4.78,
    r"(d_k, d_{\text{model}})": 5.91,
    r"w\in\mathbb{R}^{d_k}": 4.36,
    r"w^\top q_i + w^\top k_j": 7.11,
    r"T^2 d_k": 2.76,
    r"s\to 0": 3.21,
    r"\sqrt{d_k}": 2.32,
}
STYLE = re.compile(r"--room: ([\d.]+)ex; --tall: ([\d.]+)ex; --below: (-?[\d.]+)ex")


def rooms(body: str) -> list[tuple[float, float, float]]:
    """留的位置：宽、高、基线以下的深，单位 ex。"""
    context = {"body": body, "pathto": lambda path, _: path}
    formulas.reserve(None, "", "", context, None)
    return [tuple(map(float, found)) for found in STYLE.findall(context["body"])]


def inline(tex: str) -> str:
    return f'<span class="math notranslate nohighlight">\\({tex}\\)</span>'


def test_the_room_is_as_wide_as_the_formula():
    found = rooms(f"<p>{'，'.join(map(inline, MEASURED))}。</p>")
    assert [width * 0.5625 for width, _, _ in found] == pytest.approx(
        [*MEASURED.values()], rel=0.01
    )


def test_fractions_are_taller_and_subscripts_go_below_the_line():
    letter, fraction, script = rooms(inline("x") + inline(r"\frac{a}{b}") + inline("x_i"))
    assert letter[1] < script[1] < fraction[1]
    assert letter[2] < script[2] and letter[2] < fraction[2]


def test_a_formula_on_its_own_line_gets_room_too():
    tex = r"\sum_{i=1}^n x_i &lt; 1"
    block = f'<div class="math notranslate nohighlight" id="e">\n\\[{tex}\\]</div>'
    (display,), (text,) = rooms(f"<p>没有公式</p>{block}"), rooms(inline(tex))
    assert display[1] > 1.5 * text[1]
    assert rooms("<code>\\(x\\)</code>") == []


def test_chinese_in_a_formula_is_as_large_as_the_text_around_it():
    context = {"body": inline(r"c_{\text{误报}}"), "pathto": lambda path, _: path}
    formulas.reserve(None, "", "", context, None)
    assert re.search(r"--room: calc\([\d.]+ex \+ 1\.41em\)", context["body"])
