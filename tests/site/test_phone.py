"""手机：高分屏，手指拖动滑块。"""

import pytest
from figure import figures
from pages import BY_HAND, DESKTOP, HOME, PHONE, TODAY

EDGES = """node => {
  const edge = (selector, side) => node.querySelector(selector).getBoundingClientRect()[side];
  return {
    top: node.getBoundingClientRect().top,
    controls: [edge(".explorer-controls", "top"), edge(".explorer-controls", "bottom")],
    toolbar: edge(".explorer-toolbar", "top"),
  };
}"""

# 图的高度：脚本将要画图的时候（占位置的骨架），和此刻
HEIGHTS = """[...document.querySelectorAll(".explorer-slot")].map((slot) => slot.offsetHeight)"""
RESERVED = f"addEventListener('DOMContentLoaded', () => {{ window.reserved = {HEIGHTS}; }});"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", [HOME, TODAY])
def test_a_figure_is_as_high_as_the_room_kept_for_it(path, size, open_page, new_context):
    context = new_context(viewport=size)
    context.add_init_script(RESERVED)
    page, log = open_page(path, context)
    gaps = [b - a for a, b in zip(*page.evaluate(f"[reserved, {HEIGHTS}]"), strict=True)]
    assert max(map(abs, gaps)) <= 2, gaps  # 一行字是二十来个像素；取整会差一个
    context.close()
    log.check()


def test_the_sliders_stay_on_the_screen_and_cover_nothing(open_page, new_context):
    context = new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    page, log = open_page(HOME, context)
    explorer = page.locator(".explorer").first
    before = explorer.evaluate(EDGES)
    assert abs(before["controls"][0] - before["top"]) < 1  # 还没有滚动：滑块在原处
    assert before["toolbar"] >= before["controls"][1] - 1
    page.evaluate("distance => scrollBy(0, distance)", before["top"] + 100)
    after = explorer.evaluate(EDGES)
    assert after["top"] < 0 < after["controls"][0] < 70  # 画框的上沿出了屏幕，滑块还在
    context.close()
    log.check()


@pytest.mark.parametrize("path", BY_HAND)
def test_touch(path, open_page, new_context):
    context = new_context(viewport=PHONE, device_scale_factor=3, is_mobile=True, has_touch=True)
    page, log = open_page(path, context)
    figure = figures(page)[0]
    axis = next(axis for axis in range(len(figure.recording.dims)) if figure.is_slider(axis))
    for panel in figure.read()["panels"]:
        width, _, css_width, _ = panel["size"]
        assert width == 3 * css_width
    touch = context.new_cdp_session(page)
    for position in (0, figure.recording.dims[axis] - 1):
        start, end = figure.track(axis, position)
        for kind, points in {"Start": [start], "Move": [end], "End": []}.items():
            points = [{"x": x, "y": y} for x, y in points]
            touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        assert figure.at()[axis] == position
        assert not figure.problems()
    context.close()
    log.check()
