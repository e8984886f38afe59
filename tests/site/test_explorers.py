"""真正的鼠标、键盘、播放、钉住、悬停：在标本页、首页和轮到的一章上操作；换深色、变窄在每一页上看。

每个控件的每个位置画得对不对，在 test_walk.py。
"""

import numpy as np
import pytest
from contrast import contrast, faint_words, luminance
from figure import Figure, figures, problems, read_all, resize, sideways
from pages import BY_HAND, DESKTOP, HOME, SPECIMEN, WITH_EXPLORERS, on_pages

by_hand = on_pages(BY_HAND)
everywhere = on_pages(WITH_EXPLORERS)

# 画框里用墨色填充或描边的一笔，它此刻的颜色
INK = """root => [...root.querySelectorAll('svg [style*="--ex-ink"]')].map((node) => {
  const fills = /fill: *var\\(--ex-ink/.test(node.getAttribute("style"));
  return getComputedStyle(node)[fills ? "fill" : "stroke"];
})"""


def some(figures: list[Figure], what: str) -> list[Figure]:
    """要看的那些图。一章里可以没有，标本页上一定要有。"""
    if not figures:
        pytest.skip(f"这一页没有{what}")
    return figures


def on_specimen(visit) -> bool:
    return visit.url.endswith(SPECIMEN)


@by_hand
def test_keyboard(handful, subtests):
    """用方向键、Home、End 走到两头和中间，画面跟着变。"""
    for figure in handful:
        for axis, (n, start) in enumerate(zip(figure.recording.dims, figure.at(), strict=True)):
            with subtests.test(f"{figure}，第 {axis} 个控件"):
                for position in sorted({0, n // 2, n - 1}):
                    figure.choose(axis, position)
                    shot = figure.read()
                    assert int(shot["controls"][axis]["index"]) == position
                    assert not figure.recording.problems(shot)
                figure.choose(axis, start)


@by_hand
def test_mouse(handful, subtests):
    for figure in handful:
        for axis, (n, at) in enumerate(zip(figure.recording.dims, figure.at(), strict=True)):
            with subtests.test(f"{figure}，第 {axis} 个滑块"):
                problems = []
                for position in [0 if at > n // 2 else n - 1, n // 2]:
                    figure.drag(axis, position)
                    shot = figure.read()  # 还没松手，画面已经跟上
                    figure.release()
                    assert int(shot["controls"][axis]["index"]) == position
                    problems += figure.recording.problems(shot)
                assert not problems


# 滑块：手柄的大小和颜色、走过的一段到哪里、轨道两头写着什么
SLIDERS = """all => all.map((track) => {
  const handle = track.querySelector(".noUi-handle");
  const { width, height } = handle.getBoundingClientRect();
  const look = (part) => getComputedStyle(handle, part);
  const [own, fill, hit] = [null, "::before", "::after"].map(look);
  const said = ["::before", "::after"].map((end) => getComputedStyle(track, end).content);
  return {
    width, fill: [own.backgroundColor, fill.backgroundColor, fill.right, fill.width],
    hit: [width - parseFloat(hit.left) - parseFloat(hit.right),
      height - parseFloat(hit.top) - parseFloat(hit.bottom)], said,
    accent: getComputedStyle(track).getPropertyValue("--ex-accent"),
  };
})"""


@by_hand
def test_sliders_show_what_the_reader_moves(shown):
    """手柄与走过的一段是同一种强调色，手指按得住，两头写着两头的值。"""
    for figure in shown:
        sliders = figure.recording.spec["sliders"]
        for axis in filter(figure.is_slider, range(len(sliders))):
            track = figure.controls.nth(axis).locator(".slider-container")
            (look,) = track.evaluate_all(SLIDERS)
            own, fill, right, width = look["fill"]
            assert own == fill and luminance(own) < 0.6
            handle = round(look["width"])  # 位置带小数时，量出来差一点点
            assert handle >= 24 and all(round(size) >= 44 for size in look["hit"])
            assert float(right[:-2]) == handle / 2 and float(width[:-2]) > 400
            options = sliders[axis]["options"]
            if len(options) <= 30:
                assert look["said"] == [f'"{options[0]}"', f'"{options[-1]}"']


@by_hand
def test_play_and_pause(shown, visit):
    """从末尾按播放，回到第 0 步，一直走到最后一步；同一页的图一起播放。"""
    playing = [f for f in shown if f.step_axis is not None]
    assert playing or not on_specimen(visit)
    some(playing, "可以播放的图")
    for figure in playing:
        figure.choose(figure.step_axis, figure.recording.dims[-1] - 1)
        figure.handle(figure.step_axis).evaluate(
            """node => {
              node.seen = [];
              new MutationObserver(() => node.seen.push(Number(node.getAttribute("aria-valuenow"))))
                .observe(node, { attributeFilter: ["aria-valuenow"] });
            }"""
        )
    for figure in playing:
        figure.button("播放").click()
    newest = playing[-1]  # 刚刚开始的那一幅；最早的一幅在慢的机器上可能已经放完
    newest.button("暂停").click()
    paused = newest.at()
    newest.page.wait_for_timeout(400)
    assert newest.at() == paused, "按了暂停还在走"
    newest.button("播放").click()
    for figure in playing:
        figure.button("播放").wait_for(timeout=20_000)
        seen = figure.handle(figure.step_axis).evaluate("node => node.seen")
        last = figure.recording.dims[-1] - 1
        assert (seen[0], seen[-1]) == (0, last), f"{figure}：播放走过的步是 {seen}"
        assert seen == sorted(seen), f"{figure}：播放时倒退了：{seen}"
        assert len(set(seen)) > min(last, 5) / 2, f"{figure}：播放跳过了中间的步：{seen}"
        assert not figure.problems()


@by_hand
def test_pin(handful):
    """钉住的曲线画成淡的虚线，画到头，不随滑块动；取消以后消失。"""
    for figure in some([f for f in handful if f.recording.spec["sliders"]], "带滑块的图"):
        figure.choose(0, 0)
        pinned, _ = figure.recording.split(figure.at())
        figure.button("钉住对比").click()
        unpin = figure.button("取消钉住")
        assert unpin.get_attribute("aria-pressed") == "true"
        for axis, position in ((0, figure.recording.dims[0] - 1), (figure.step_axis, 1), (0, 1)):
            if axis is not None:
                figure.choose(axis, position)
                assert not figure.problems(pinned)
        options = figure.recording.spec["sliders"][0]["options"]
        assert (
            f"钉住的：{figure.recording.spec['sliders'][0]['label']} {options[0]}"
            in (figure.read()["status"])
        )
        unpin.click()
        assert not figure.problems()


def diverged(figure: Figure) -> np.ndarray:
    """发散的各次运行在网格里的位置。"""
    runs = figure.recording.spec["runs"]
    return np.argwhere(np.reshape(runs["diverged"], runs["dims"])) if runs["dims"] else np.empty(0)


@by_hand
def test_diverged_runs_say_so(shown, visit, subtests):
    found = [figure for figure in shown if len(diverged(figure))]
    assert found or not on_specimen(visit)
    for figure in some(found, "发散的运行"):
        with subtests.test(str(figure)):
            for axis, position in enumerate(diverged(figure)[0]):
                figure.choose(axis, int(position))
            if figure.step_axis is not None:  # 走到头：发散以前的步不说发散
                figure.choose(figure.step_axis, figure.recording.dims[-1] - 1)
            assert "发散" in figure.read()["status"]
            assert figure.root.locator(".explorer-status").is_visible()
            assert not figure.problems()


@by_hand
def test_hover_reads_the_value(shown, subtests):
    read = 0
    for figure in shown:
        for number in range(len(figure.recording.spec["panels"])):
            with subtests.test(f"{figure}，第 {number} 块"):
                read += hover(figure, number)
    assert read, "这一页没有一处可以悬停"


def hover(figure: Figure, number: int) -> bool:
    """指到画框里的一个点上（只有图像时指到一格的中心），读数就是那里的值。"""
    shot = figure.read()
    index, step = figure.recording.split([c["index"] for c in shot["controls"]])
    left, top, right, bottom = shot["panels"][number]["ops"][0]["box"]
    stage = figure.panels.nth(number)
    stage.scroll_into_view_if_needed()
    canvas = stage.locator("canvas").bounding_box()
    spot = figure.recording.pointing(number, index, step)
    if spot is None:
        return False  # 这一块只有字和线段
    (x, y), reads_well = map(float, spot[0]), spot[1]
    figure.page.mouse.move(
        canvas["x"] + left + x * (right - left), canvas["y"] + bottom + y * (top - bottom)
    )
    tip = stage.locator(".explorer-tip")
    assert tip.is_visible(), "指着数据，没有读数"
    assert reads_well(tip.inner_text()), f"读数是 {tip.inner_text()!r}"
    return True


@everywhere
def test_live_training_needs_a_kernel(shown):
    names = "all => all.filter((node) => node.checkVisibility()).map((node) => node.textContent)"
    visible = shown[0].page.locator(".explorer-button").evaluate_all(names)
    assert visible and not [name for name in visible if "训练" in name]


@everywhere
def test_dark_mode_recolours_the_frames(shown, visit, request):
    """深色模式里坐标、刻度和标题换成浅色，与背景的对比度够读。"""
    light = [figure.root.evaluate(INK) for figure in shown]
    request.getfixturevalue("dark")
    paper = visit.evaluate("getComputedStyle(document.body).backgroundColor")
    assert luminance(paper) < 0.05, "深色模式没有打开"
    for figure, before in zip(shown, light, strict=True):
        after = figure.root.evaluate(INK)
        assert after and set(after).isdisjoint(before), f"{figure}：画框没有换色"
        for color in set(after):
            assert contrast(color, paper) >= 4.5, f"{figure}：{color}"
    assert not problems(shown)
    faint = [
        f"{f}：{w}"
        for f, shot in zip(shown, read_all(shown), strict=True)
        for w in faint_words(shot, paper)
    ]
    assert not faint, faint


@everywhere
def test_resize(shown, request):
    """变成手机宽，画布跟着变，数据还在画框里的同一处，页面不横着滚；变回来也一样。"""
    phone = request.getfixturevalue("phone")
    assert not sideways(phone)
    for shot in read_all(shown):
        width, _, css_width, _ = shot["panels"][0]["size"]
        assert width == css_width <= 390
    assert not problems(shown)
    resize(phone, DESKTOP)
    assert not problems(shown)


@by_hand
def test_keyboard_only(handful, subtests):
    """按 Tab 走得到每个控件；停在哪里看得出来，读屏软件念得出名字。"""
    for figure in handful:
        with subtests.test(str(figure)):
            wanted = figure.root.evaluate(
                """root => {
                  const all = [...root.querySelectorAll(
                    "a, [role=slider], button, input, select, [contenteditable=true]")];
                  const shown = all.filter((node) => node.checkVisibility() && !node.disabled);
                  shown.forEach((node, i) => (node.dataset.stop = i));
                  root.tabIndex = -1;
                  root.focus();
                  root.removeAttribute("tabindex");
                  return shown.map((node) => node.outerHTML.slice(0, 120));
                }"""
            )
            reached = {}
            for _ in range(len(wanted) + 1):
                figure.page.keyboard.press("Tab")
                stop = figure.page.evaluate(
                    """() => {
                      const node = document.activeElement;
                      const look = () => {
                        const { outlineStyle, outlineWidth, outlineColor, boxShadow } =
                          getComputedStyle(node);
                        const ring = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
                        return `${ring ? outlineColor : ""} ${boxShadow}`;
                      };
                      const focused = look();
                      node.blur();
                      const blurred = look();
                      node.focus();
                      return [node.dataset.stop, focused !== blurred];
                    }"""
                )
                if stop[0] is not None:
                    reached[int(stop[0])] = stop[1], figure.page.locator(":focus").aria_snapshot()
            missed = [html for i, html in enumerate(wanted) if i not in reached]
            assert not missed, f"按 Tab 到不了：{missed}"
            dim = [wanted[i] for i, (ring, _) in reached.items() if not ring]
            assert not dim, f"停在上面看不出来：{dim}"
            nameless = [wanted[i] for i, (_, name) in reached.items() if '"' not in name]
            assert not nameless, f"没有可读的名字：{nameless}"


def test_the_curve_moves_on_the_way_to_another_setting(open_page):
    page, _ = open_page(SPECIMEN)
    figure = figures(page)[0]
    figure.choose(0, 0)
    lasts = ".explorer {{ --tween: {} !important; }}".format
    page.add_style_tag(content=lasts(1e5))
    figure.choose(0, 1)
    on_the_way = figure.problems()
    page.add_style_tag(content=lasts(0))
    assert on_the_way and not figure.problems()
    page.close()


@pytest.mark.parametrize(("motion", "lasts"), [("no-preference", True), ("reduce", False)])
def test_it_jumps_for_readers_who_want_it(motion, lasts, new_context, site):
    page = new_context(reduced_motion=motion).new_page()
    page.goto(f"{site}/{HOME}")
    page.wait_for_function("!document.querySelector('.explorer-skeleton')")
    tween = page.locator(".explorer").first.evaluate(
        "node => getComputedStyle(node).getPropertyValue('--tween')"
    )
    assert (float(tween) > 0) == lasts
    page.context.close()
