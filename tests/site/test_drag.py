"""在图上拖：抓住圆环，鼠标和手指都行；滑块跟到屏幕上最近的那一档。"""

import pytest
from figure import Figure, figures
from pages import BY_HAND, HOME, SPECIMEN, on_pages
from test_hands import SCREEN, swipe


def grabbed(shown: list[Figure]) -> list[tuple[Figure, dict]]:
    return [(f, layer) for f in shown for layer in f.recording.spec["layers"] if layer["drag"]]


def spot(figure: Figure, layer: dict, index: tuple[int, ...], step: int) -> tuple[float, float]:
    """可拖的图层停在 ``index`` 时在屏幕上的哪一点：点、轨迹的起点，或线的中间。"""
    points = figure.recording.points(layer, index, step)[0]
    x, y = points[0] if layer["type"] != "line" else (points[0] + points[-1]) / 2
    left, top, right, bottom = figure.read()["panels"][layer["panel"]]["ops"][0]["box"]
    canvas = figure.panels.nth(layer["panel"]).locator("canvas").bounding_box()
    x, y = canvas["x"] + left + x * (right - left), canvas["y"] + bottom + y * (top - bottom)
    return float(x), float(y)


def ends(figure: Figure, layer: dict) -> list[tuple[int, ...]]:
    """所拖的滑块的两头，别的滑块不动。"""
    index, _ = figure.recording.split(figure.at())
    last = {axis: figure.recording.dims[axis] - 1 for axis in layer["drag"]}
    return [
        tuple(end.get(axis, i) for axis, i in enumerate(index))
        for end in (dict.fromkeys(layer["drag"], 0), last)
    ]


def way(figure: Figure, layer: dict, wanted: tuple[int, ...]) -> tuple[tuple, tuple]:
    """从现在的位置到要去的那一档，屏幕上的两点。"""
    stage = figure.panels.nth(layer["panel"])
    stage.evaluate("node => node.scrollIntoView({ block: 'center' })")
    index, step = figure.recording.split(figure.at())
    return spot(figure, layer, index, step), spot(figure, layer, wanted, step)


@on_pages(BY_HAND)
def test_the_slider_follows_the_mouse(shown, visit, subtests):
    found = grabbed(shown)
    assert found or not visit.url.endswith(SPECIMEN)
    for figure, layer in found:
        with subtests.test(f"{figure}，{layer['type']}"):
            for wanted in ends(figure, layer):
                (x0, y0), (x1, y1) = way(figure, layer, wanted)
                visit.mouse.move(x0, y0)
                visit.mouse.down()
                visit.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
                visit.mouse.move(x1 + 2, y1 - 2)
                visit.mouse.up()
                assert figure.recording.split(figure.at())[0] == wanted
                assert not figure.problems()


@pytest.mark.parametrize("start", ["ring", "frame"])
def test_a_finger_throws_the_ball_and_still_scrolls(start, new_context, open_page):
    """手指按住圆环是拖，页面不动；在图的别处竖着划，页面滚动，图不变。"""
    context = new_context(viewport=SCREEN, is_mobile=True, has_touch=True)
    page, _ = open_page(HOME, context)
    touch = context.new_cdp_session(page)
    ((figure, layer),) = grabbed(figures(page))
    wanted = ends(figure, layer)[0]
    (x0, y0), (x1, y1) = way(figure, layer, wanted)
    before, at = figure.at(), page.evaluate("scrollY")
    if start == "ring":
        swipe(page, touch, x0, y0, x1 - x0, y1 - y0)
        assert figure.recording.split(figure.at())[0] == wanted
        assert page.evaluate("scrollY") == at
        assert not figure.problems()
    else:
        swipe(page, touch, x0 + 60, y0, 4, -160)
        assert figure.at() == before
        assert page.evaluate("scrollY") > at + 60
    context.close()
