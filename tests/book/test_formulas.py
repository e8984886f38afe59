"""公式排好以前留的位置：与浏览器里排好的一样宽，脚本不在就不留。"""

import re

import pytest

from theme import formulas

# 在 Chromium 里用 MathJax 排好以后量的宽度，单位 em
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
    r"e^{s\Delta}": 1.66,
    r"\sqrt{d_k}": 2.32,
    r"b_1=(1-\alpha')\,\bar v+\alpha' v_2": 10.54,
}


def room(body: str) -> list[float]:
    context = {"body": body}
    formulas.reserve(None, "", "", context, None)
    return [float(em) for em in re.findall(r"--room: ([\d.]+)em", context["body"])]


def inline(tex: str) -> str:
    return f'<span class="math notranslate nohighlight">\\({tex}\\)</span>'


@pytest.mark.parametrize("tex", MEASURED)
def test_the_room_is_as_wide_as_the_formula(tex):
    (em,) = room(f"<p>{inline(tex)}，</p>")
    assert em == pytest.approx(MEASURED[tex], rel=0.16, abs=0.2)


def test_stacked_scripts_and_fractions_take_the_wider_part():
    (stacked,), (both,) = room(inline("x_i^{n+1}")), room(inline("x_ix^{n+1}"))
    assert stacked < both
    (short,), (long,) = room(inline(r"\frac{a}{b}")), room(inline(r"\frac{a}{b+c+d}"))
    assert short < long == room(inline(r"\frac{b+c+d}{a}"))[0]


def test_only_inline_formulas_get_room():
    block = '<div class="math notranslate nohighlight">\n\\[x^2\\]</div>'
    assert room(f"<p>没有公式</p>{block}<code>\\(x\\)</code>") == []
    assert len(room(inline("a &lt; b") + inline("y"))) == 2
