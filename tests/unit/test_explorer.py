"""可拖动的图：编码能还原、画框对得上、不合适的输入说得清。"""

import base64
import json
import zlib
from dataclasses import replace

import ipywidgets as widgets
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mpl_toolkits.mplot3d import proj3d

import utils
from utils import Bars, Image, Line, Path, Points, Segments, Text, explore, project, sweep
from utils.explorer import frame
from utils.explorer.encode import Encoder, to_fraction

utils.setup()
GRID = {"lr": [0.01, 0.1, 1.0], "mode": ["慢", "快"]}


def train(lr, mode):
    rate = lr * (2 if mode == "快" else 1)
    for t in range(5):
        yield {
            "loss": (1 - rate) ** t,
            "w": t * rate,
            "curve": np.sin(np.arange(6) * rate + t),
            "map": np.outer(np.arange(3), np.arange(4)) * rate + t,
            "heads": np.array([t, 2 * t]) * rate,
        }


@pytest.fixture(scope="module")
def runs():
    return sweep(train, **GRID)


@pytest.fixture
def fig():
    fig, _ = plt.subplots(1, 2, figsize=(8, 3.4))
    yield fig
    plt.close(fig)


def decode(view, channel):
    """浏览器里 slice() 的独立写法：还原成 (滑块…, 步, K, N)。"""
    dims, bits = channel["dims"], channel["bits"]
    dtype = "<u2" if bits == 16 else "u1"
    levels = np.frombuffer(view.data, dtype, int(np.prod(dims)), channel["at"]).reshape(dims)
    top = 2**bits - 2
    values = channel["low"] + levels / top * (channel["high"] - channel["low"])
    return np.where(levels == top + 1, np.nan, values)


def view_of(explorer):
    return explorer.children[1]


# ---------- 编码 ----------


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        float,
        hnp.array_shapes(min_dims=3, max_dims=5, max_side=4),
        elements=st.floats(-3, 4) | st.just(np.nan),
    )
)
def test_fractions_survive_encoding(array):
    encoder = Encoder()
    channel = encoder.add_fraction(array)
    view = type("View", (), {"data": encoder.tobytes()})
    decoded = np.broadcast_to(decode(view, channel), array.shape)
    np.testing.assert_allclose(decoded, array, atol=(channel["high"] - channel["low"]) / 65534)


def test_constant_axes_are_stored_once():
    encoder = Encoder()
    array = np.broadcast_to(np.linspace(0, 1, 7), (5, 4, 1, 7))
    assert encoder.add_fraction(array)["dims"] == [1, 1, 1, 7]
    assert len(encoder.tobytes()) == 14


def test_an_odd_number_of_bytes_leaves_the_next_array_on_an_even_offset_when_stored():
    """Uint16Array 要求偶数偏移；奇数个 8 位的值后面接一个 16 位数组。"""
    encoder = Encoder()
    odd = encoder.add(np.array([[[0.0, 0.5, 1.0]]]), low=0, high=1, bits=8)
    even = encoder.add_fraction(np.array([[[0.25, 1.0]]]))
    view = type("View", (), {"data": encoder.tobytes()})
    assert even["at"] == 4
    np.testing.assert_allclose(decode(view, odd), [[[0, 0.5, 1]]], atol=1 / 254)
    np.testing.assert_allclose(decode(view, even), [[[0.25, 1]]], atol=1e-4)


def test_values_far_outside_the_frame_are_clipped_not_lost():
    encoder = Encoder()
    channel = encoder.add_fraction(np.array([[[-np.inf, -1e30, 0.5, 1e30, np.inf]]]))
    view = type("View", (), {"data": encoder.tobytes()})
    low, *_, high = decode(view, channel)[0, 0]
    assert (low, high) == (channel["low"], channel["high"]) == (-4.0, 5.0)


@pytest.mark.parametrize(
    ("scale", "limits"), [("linear", (-2, 3)), ("log", (1e-3, 50)), ("symlog", (-20, 100))]
)
def test_fraction_is_matplotlibs_own_transform(fig, scale, limits):
    ax = fig.axes[0]
    ax.set_yscale(scale)
    ax.set_ylim(limits)
    values = np.linspace(*limits, 20)[1:]
    pixels = ax.transData.transform(np.column_stack([np.zeros_like(values), values]))[:, 1]
    box = ax.get_window_extent()
    expected = (pixels - box.y0) / box.height
    np.testing.assert_allclose(to_fraction(ax, "y", values), expected, atol=1e-9)


# ---------- 整张图 ----------


def test_recorded_arrays_reach_the_browser(runs, fig):
    left, right = fig.axes
    left.set(xlim=(0, 10), ylim=(0, 1))
    right.set(xlim=(0, 5), ylim=(-1, 1))
    explorer = explore(
        runs, fig, [Path("w", "loss", ax=left), Line("curve", ax=right)], alt="轨迹和曲线"
    )
    view = view_of(explorer)
    path, line = view.spec["layers"]
    assert path["history"] and not line["history"]
    w = decode(view, path["channels"]["x"])  # (lr, mode, 1, K, T)
    np.testing.assert_allclose(w[:, :, 0, 0] * 10, runs["w"].values, atol=1e-3)
    curve = decode(view, line["channels"]["y"])  # (lr, mode, T, K, N)
    np.testing.assert_allclose(curve[..., 0, :] * 2 - 1, runs["curve"].values, atol=1e-4)


def test_image_colors_and_orientation(runs, fig):
    left, right = fig.axes
    explorer = explore(
        runs,
        fig,
        [
            Image("map", ax=left, vmin=0, vmax=20),
            Image("map", ax=right, vmin=0, vmax=20, origin="lower", extent=(0, 1, 0, 1)),
        ],
        alt="矩阵",
    )
    view = view_of(explorer)
    upper, lower = (layer["channels"]["z"] for layer in view.spec["layers"])
    np.testing.assert_allclose(decode(view, upper), runs["map"].values, atol=20 / 254)
    # 平面上的区域第 0 行在下，浏览器从上往下画
    np.testing.assert_allclose(decode(view, lower), runs["map"].values[..., ::-1, :], atol=20 / 254)
    assert [layer["mirrored"] for layer in view.spec["layers"]] == [(False, False), (True, False)]
    assert len(view.spec["layers"][0]["colors"]) == 255 * 6


def test_vector_history_draws_one_curve_each(runs, fig):
    explorer = explore(runs, fig, [Line("heads", history=True)], alt="两条历史")
    channel = view_of(explorer).spec["layers"][0]["channels"]["y"]
    assert channel["dims"] == [3, 2, 1, 2, 5]


def test_points_and_bars(runs, fig):
    left, right = fig.axes
    points = Points(range(6), "curve", values="curve", vmin=-1, vmax=1, ax=left)
    explorer = explore(runs, fig, [points, Bars("heads", ax=right)], alt="点和柱")
    drawn, bars = view_of(explorer).spec["layers"]
    assert set(drawn["channels"]) == {"x", "y", "z"}
    assert set(bars["channels"]) == {"x0", "x1", "y"} and 0 <= bars["base"] < 0.2


def test_written_numbers_have_no_quantisation_error(runs, fig):
    left, right = fig.axes
    at = np.arange(6.0)
    layers = [
        Text(at, at, "curve", ax=left, decimals=4),
        Text([0, 1], "heads", "heads", shown=[1, 0], ax=right, color="#D55E00"),
    ]
    view = view_of(explore(runs, fig, layers, alt="数"))
    all_shown, some = view.spec["layers"]
    assert all_shown["color"] == "--ex-ink" and some["color"] == "#d55e00"
    assert set(all_shown["channels"]) == {"x", "y", "t"} and not all_shown["history"]
    for layer, want, decimals in [(all_shown, "curve", 4), (some, "heads", 2)]:
        got = decode(view, layer["channels"]["t"])[..., 0, :]
        np.testing.assert_allclose(got, runs[want].values.round(decimals), atol=1e-9)
    assert decode(view, some["channels"]["s"]).ravel().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(-0.004, 2, "0.00"), (-0.006, 2, "-0.01"), (2.5, 3, "2.500"), (32767, 0, "32767")],
)
def test_written_numbers_in_the_picture(fig, monkeypatch, value, decimals, text):
    written = []
    monkeypatch.setattr(type(fig.axes[0]), "text", lambda _, x, y, s, **__: written.append(s))
    runs = sweep(lambda n: iter([{"v": np.array([value, 7.0])}] * n), n=[2])
    layer = Text([0, 1], [0, 0], "v", shown=[1, 0], decimals=decimals)
    explore(runs, fig, [layer], alt="数")
    assert written == [text]


def test_numbers_too_large_to_write_are_refused(runs, fig):
    with pytest.raises(ValueError, match=r"不能超过 3\.2767"):
        explore(runs, fig, [Text([0, 1], [0, 0], "heads", decimals=4)], alt="数")
    with pytest.raises(ValueError, match="0 到 4"):
        Text([0], [0], "loss", decimals=5)


def test_controls_start_where_asked(runs, fig):
    explorer = explore(
        runs,
        fig,
        [Line("loss")],
        alt="损失",
        labels={"lr": "学习率"},
        start={"lr": 1.0, "mode": "快"},
    )
    controls, view = explorer.children
    lr, mode, step = controls.children
    assert isinstance(lr, widgets.SelectionSlider) and lr.description == "学习率"
    assert isinstance(mode, widgets.ToggleButtons)
    assert (lr.index, mode.index, step.index) == (2, 1, 0)
    assert (view.axis_0, view.axis_1, view.step) == (2, 1, 0)


def test_opens_at_the_step_asked_for(runs):
    def picture(runs, **options):
        fig, ax = plt.subplots()
        ax.set(xlim=(0, 40), ylim=(0, 2))
        explorer = explore(runs, fig, [Line("loss")], alt="损失", **options)
        return explorer, explorer._repr_mimebundle_()["image/png"]

    explorer, png = picture(runs, steps=range(0, 50, 10), start_step=10)
    controls, view = explorer.children
    assert view.step == controls.children[-1].index == 1
    _, two_steps = picture(runs.isel(step=slice(2)), steps=[0, 10])
    _, all_steps = picture(runs, steps=range(0, 50, 10))
    assert png == two_steps and png != all_steps
    explorer, png = picture(runs, steps=range(0, 50, 10), start_step=0)
    assert explorer.children[1].step == 0 and png == all_steps  # 图片不能播放，画走完的样子


def test_axis_with_one_value_has_no_slider():
    runs = sweep(train, lr=[0.1], mode=["慢", "快"])
    fig, _ = plt.subplots()
    explorer = explore(runs, fig, [Line("loss")], alt="损失")
    controls, view = explorer.children
    assert len(controls.children) == 2  # mode 和步
    assert [h["slider"] for h in view.spec["hyperparameters"]] == [None, 0]
    assert view.spec["layers"][0]["channels"]["y"]["dims"] == [2, 1, 1, 5]


def test_short_and_diverged_runs_stop_where_they_stopped():
    def unstable(lr):
        for t in range(6):
            yield {"loss": np.inf if lr > 1 and t == 3 else 1.0 + t, "curve": np.full(2, float(t))}

    runs = sweep(unstable, lr=[0.1, 2.0])
    fig, _ = plt.subplots()
    view = view_of(explore(runs, fig, [Line("loss"), Line("curve")], alt="发散"))
    assert view.spec["runs"] == {"dims": [2], "values": [6, 3], "diverged": [False, True]}
    curve = decode(view, view.spec["layers"][1]["channels"]["y"])
    assert np.isfinite(curve).all()  # 停在最后一步的样子
    np.testing.assert_allclose(curve[1, 3:], curve[1, 2:3].repeat(3, 0))


def test_limits_stay_where_the_author_put_them(runs, fig):
    left, right = fig.axes
    left.set(xlim=(0, 7), ylim=(-3, 3))
    view = view_of(explore(runs, fig, [Line("loss", ax=left), Line("w", ax=right)], alt="损失"))
    assert (view.spec["panels"][0]["x"]["high"], view.spec["panels"][0]["y"]["low"]) == (7, -3)
    assert view.spec["panels"][1]["y"]["high"] >= float(runs["w"].max())


def test_panels_follow_the_layout(runs, fig):
    left, right = fig.axes
    left.set_title("左")
    view = view_of(explore(runs, fig, [Line("loss", ax=left), Line("w", ax=right)], alt="损失"))
    for panel in view.spec["panels"]:
        x, y, w, h = panel["box"]
        assert 0 < x < x + w <= 1 and 0 < y < y + h < 1
        assert panel["svg"].startswith("<svg") and "<style" not in panel["svg"]
        assert "var(--ex-ink)" in panel["svg"]
    assert not plt.fignum_exists(fig.number)


def test_picture_and_view_travel_together(runs, fig):
    bundle = explore(runs, fig, [Line("loss")], alt="损失曲线")._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"] == "损失曲线"
    assert "model_id" in bundle["application/vnd.jupyter.widget-view+json"]


def test_typical_explorer_weighs_little():
    def typical(lr, batch_size):
        for t in range(200):
            yield {"train": np.exp(-lr * t) + 0.01 * batch_size, "test": np.exp(-lr * t / 2)}

    runs = sweep(typical, lr=np.geomspace(1e-3, 1, 7).tolist(), batch_size=[1, 4, 16, 64, 256])
    fig, ax = plt.subplots()
    ax.set(xlabel="更新次数", ylabel="损失", title="训练损失与测试损失")
    explorer = explore(
        runs, fig, [Line("train", label="训练"), Line("test", label="测试")], alt="损失"
    )
    state = {k: v for k, v in view_of(explorer).get_state().items() if k != "layout"}
    payload = base64.b64encode(state.pop("payload"))
    assert len(payload) + len(json.dumps(state)) < 150_000


def test_payload_unpacks_to_spec_and_arrays(runs, fig):
    view = view_of(explore(runs, fig, [Line("loss")], alt="损失"))
    payload = zlib.decompress(view.payload)
    end = 4 + int.from_bytes(payload[:4], "little")
    assert json.loads(payload[4:end]) == view.spec
    assert payload[end:] == view.data


# ---------- 坐标范围与排版 ----------


def limits(layers, runs, **axes):
    fig, ax = plt.subplots()
    ax.set(**axes)
    explore(runs, fig, layers, alt="范围")
    return ax.get_xlim(), ax.get_ylim()


def test_bars_fit_and_start_at_zero(runs):
    """柱子两边都在框里；数都是正的，也从 0 画起。"""
    tall = runs.assign(heads=runs["heads"] + 5)
    (left, right), (low, high) = limits([Bars("heads", x=[2.0, 4.0], width=1.5)], tall)
    assert left < 1.25 and right > 4.75
    assert low < 0 < 9 < high


def test_bars_on_a_log_axis_start_at_the_bottom(runs, fig):
    left, right = fig.axes
    left.set(yscale="log", ylim=(0.01, 10))
    right.set(xscale="log", xlim=(1, 1000))
    layers = [Bars("heads", ax=left), Bars("heads", x=[10, 100], width=10.0, ax=right)]
    view = view_of(explore(runs, fig, layers, alt="柱"))
    first, second = view.spec["layers"]
    assert first["base"] == 0
    x0, x1 = (decode(view, second["channels"][name]).ravel() for name in ("x0", "x1"))
    np.testing.assert_allclose(x0, np.log10([5, 95]) / 3, atol=1e-4)
    np.testing.assert_allclose(x1, np.log10([15, 105]) / 3, atol=1e-4)


def test_limits_hold_what_the_author_drew(runs):
    fig, ax = plt.subplots()
    ax.plot([-30, 30], [-50, 50])
    explore(runs, fig, [Line("loss")], alt="范围")
    assert ax.get_xlim()[0] < -30 and ax.get_ylim()[0] < -50


def test_log_limits_leave_out_zero_and_below(runs):
    """对数轴的范围不看零和负数：数据里的不看，作者画的也不看。"""
    signed = runs.assign(w=runs["w"] - 0.01)
    fig, ax = plt.subplots()
    ax.set_yscale("log")
    ax.plot([0, 4], [-1, 2])
    explore(signed, fig, [Line("w")], alt="范围")
    low, high = ax.get_ylim()
    smallest = float(signed["w"].where(signed["w"] > 0).min())
    assert 0.5 * smallest < low < smallest and high > 2


def test_shared_axes_hold_every_layer(runs):
    fig, (left, right) = plt.subplots(1, 2, sharex=True, sharey=True)
    layers = [Line("heads", x=[0, 1], ax=left), Line("curve", x=range(40, 46), ax=right)]
    explore(runs, fig, layers, alt="共用")
    for ax in (left, right):
        assert ax.get_xlim()[0] < 0 and ax.get_xlim()[1] > 45
        assert ax.get_ylim()[0] < -1 and ax.get_ylim()[1] > 8


def test_every_panel_keeps_the_place_of_the_layout(runs):
    """逐块导出时排版不再动：各块的画框一样高，宽高比是整张图排好时的。"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3), width_ratios=[1, 2])
    left.set(ylabel="很高的\n两行标签", title="左")
    fig.canvas.draw()
    want = [ax.get_window_extent().width / ax.get_window_extent().height for ax in (left, right)]
    view = view_of(explore(runs, fig, [Line("loss", ax=left), Line("w", ax=right)], alt="排版"))
    for panel, ratio in zip(view.spec["panels"], want, strict=True):
        _, _, w, h = panel["box"]
        got = w * panel["width"] / (h * panel["height"])
        assert got == pytest.approx(ratio, rel=0.06)
    heights = [panel["box"][3] * panel["height"] for panel in view.spec["panels"]]
    assert heights[0] == pytest.approx(heights[1], abs=0.1)


def test_drawing_the_picture_leaves_the_limits(runs):
    """PNG 里画数据的时候，坐标范围不能被画的东西撑大。"""
    fig, ax = plt.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 0.5))
    layers = [
        Line("loss"),
        Bars("heads"),
        Points([5], [5]),
        Image("map", vmin=0, vmax=1),
        Segments([0, 9], [0, 9], [(0, 1)]),
    ]
    explore(runs, fig, layers, alt="范围")
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1), (0, 0.5))


# ---------- 缺的数 ----------


@pytest.fixture
def holed(runs):
    """每个变量缺一个数；还有一次运行一步也没有记下。"""
    runs = runs.copy(deep=True)
    for name in ("loss", "w", "curve", "map", "heads"):
        values = runs[name].values
        values[(0, 0, 2, *[1] * (values.ndim - 3))] = np.nan
        values[2, 1] = np.nan
    runs["length"][2, 1], runs["diverged"][2, 1] = 0, True
    return runs


def test_holes_travel_as_holes(holed, fig):
    left, right = fig.axes
    left.set(xlim=(-1, 6), ylim=(-2, 2))
    right.set(xlim=(-1, 6), ylim=(-2, 9))
    layers = [
        Line("loss", ax=left),
        Points(range(6), "curve", values="curve", vmin=-1, vmax=1, ax=left),
        Image("map", vmin=0, vmax=20, ax=right),
        Bars("heads", ax=right),
        Text([0, 1], [0, 0], "heads", ax=right),
        Segments([0, 1, 2], [0, 0, 0], [(0, 1), (1, 2)], width="heads", ax=right),
    ]
    view = view_of(explore(holed, fig, layers, alt="缺"))
    names = [
        ("loss", "y"),
        ("curve", "z"),
        ("map", "z"),
        ("heads", "y"),
        ("heads", "t"),
        ("heads", "w"),
    ]
    for layer, (name, channel) in zip(view.spec["layers"], names, strict=True):
        got = np.isnan(decode(view, layer["channels"][channel]))
        want = np.isnan(holed[name].values)
        want = np.moveaxis(want, 2, -1) if layer["history"] else want
        assert (
            np.broadcast_to(got.reshape(3, 2, *got.shape[2:]).squeeze(), want.shape) == want
        ).all()


class Canvas:
    """记下 matplotlib 被要求画什么。"""

    def __init__(self, ax, monkeypatch):
        self.drawn = []
        for name in ("scatter", "bar", "text", "annotate", "imshow", "plot"):
            original = getattr(ax, name)

            def wrapped(*args, _name=name, _original=original, **kwargs):
                self.drawn.append((_name, args, kwargs))
                return _original(*args, **kwargs)

            monkeypatch.setattr(ax, name, wrapped)

    def __getitem__(self, name):
        return [(args, kwargs) for drawn, args, kwargs in self.drawn if drawn == name]


def test_holes_are_not_painted_in_the_picture(holed, monkeypatch):
    fig, ax = plt.subplots()
    ax.set(xlim=(-1, 6), ylim=(-2, 9))
    canvas = Canvas(ax, monkeypatch)
    layers = [
        Points(range(6), "curve", values="curve", vmin=-1, vmax=1),
        Image("map", vmin=0, vmax=20),
        Bars("heads"),
        Text([0, 1], [0, 0], "heads"),
        Segments([0, 1, 2], [0, 0, 0], [(0, 1), (1, 2)], width="heads"),
    ]
    explore(holed, fig, layers, start={"lr": 0.01, "mode": "慢"}, start_step=2, alt="缺")
    (((x, _), _),) = canvas["scatter"]
    assert x.tolist() == [0, 2, 3, 4, 5]
    ((args, _),) = canvas["imshow"]
    assert np.argwhere(args[0][..., 3] == 0).tolist() == [[1, 1]]
    (((x, _), _),) = canvas["bar"]
    assert x.tolist() == [0]
    assert [args[2] for args, _ in canvas["text"]] == ["0.02"]
    assert [kwargs["xy"] for _, kwargs in canvas["annotate"]] == [(1.0, 0.0)]


def test_a_run_without_a_single_step_draws_nothing(holed, monkeypatch):
    fig, ax = plt.subplots()
    canvas = Canvas(ax, monkeypatch)
    layers = [
        Points(range(6), "curve", values="curve", vmin=-1, vmax=1),
        Text([0, 1], [0, 0], "heads"),
    ]
    explore(holed, fig, layers, start={"lr": 1.0, "mode": "快"}, alt="发散")
    (((x, _), _),) = canvas["scatter"]
    assert len(x) == 0 and canvas["text"] == []


def test_masked_constants_are_holes(runs, fig):
    xs = np.ma.masked_array([0.0, 1.0], mask=[False, True])
    view = view_of(explore(runs, fig, [Points(xs, "heads")], alt="缺"))
    x = decode(view, view.spec["layers"][0]["channels"]["x"]).ravel()
    assert np.isnan(x).tolist() == [False, True]


# ---------- 词、图像、线段 ----------


def words(**channels):
    """一步的扫描结果：各变量就是给的数组。"""
    return sweep(lambda n: iter([{k: np.asarray(v, float) for k, v in channels.items()}]), n=[1])


def test_words_come_from_a_vocabulary(fig, monkeypatch):
    ax = fig.axes[0]
    canvas = Canvas(ax, monkeypatch)
    layers = [
        Text([0, 1, 2], [0, 0, 0], "token", vocabulary=["我", "爱", "<eos>"]),
        Text("place", [1, 1, 1], ["国王", "女王", "男人"]),
    ]
    view = view_of(explore(words(token=[2, 0, 1], place=[0, 1, 2]), fig, layers, alt="词"))
    first, second = view.spec["layers"]
    assert first["words"] == ["我", "爱", "<eos>"] and second["words"] == ["国王", "女王", "男人"]
    assert decode(view, first["channels"]["t"]).ravel().tolist() == [2, 0, 1]
    assert decode(view, second["channels"]["t"]).ravel().tolist() == [0, 1, 2]
    assert [args[2] for args, _ in canvas["text"]] == ["<eos>", "我", "爱", "国王", "女王", "男人"]


@pytest.mark.parametrize("index", [3, -1, 0.5])
def test_words_outside_the_vocabulary_are_refused(fig, index):
    with pytest.raises(ValueError, match=r"词表有 3 个词.*0 到 2"):
        explore(
            words(t=[0, index]),
            fig,
            [Text([0, 1], [0, 0], "t", vocabulary=list("甲乙丙"))],
            alt="词",
        )


def test_words_on_a_background_stay_readable(fig, monkeypatch):
    canvas = Canvas(fig.axes[0], monkeypatch)
    grays = {"background": [0.0, 1.0, np.nan], "cmap": "gray", "vmin": 0, "vmax": 1}
    explore(words(t=[1]), fig, [Text([0, 1, 2], [0, 0, 0], list("甲乙丙"), **grays)], alt="词")
    styles = [kwargs for _, kwargs in canvas["text"]]
    assert [style["color"] for style in styles] == ["#ffffff", "#000000", "#1f2328"]
    assert ["bbox" in style for style in styles] == [True, True, False]


def test_tiles_are_laid_out_with_gaps(fig):
    tiles = np.arange(30.0).reshape(5, 2, 3)
    layers = [Image("tiles", vmin=0, vmax=254, label="核")]
    view = view_of(explore(words(tiles=tiles), fig, layers, alt="核"))
    (layer,) = view.spec["layers"]
    got = decode(view, layer["channels"]["z"])[0]
    assert got.shape == (5, 11)  # 两行三列，中间空一格
    for k in range(5):
        top, left = k // 3 * 3, k % 3 * 4
        np.testing.assert_array_equal(got[top : top + 2, left : left + 3], tiles[k])
    assert np.isnan(got).sum() == 55 - 30
    assert layer["tile"] == {"rows": 2, "columns": 3, "across": 3, "n": 5}


def test_photos_keep_their_three_colors(fig):
    photo = np.random.default_rng(0).random((4, 5, 3))
    view = view_of(explore(words(photo=photo), fig, [Image("photo", rgb=True)], alt="照片"))
    got = decode(view, view.spec["layers"][0]["channels"]["z"]).reshape(4, 5, 3)
    np.testing.assert_allclose(got, photo, atol=0.5 / 254)


def test_colors_of_classes_are_exact(fig, monkeypatch):
    canvas = Canvas(fig.axes[0], monkeypatch)
    colors = ["#ffffff", "#2F7FC1", "#D55E00"]
    layers = [Image("kind", cmap=colors), Points([0, 1, 2], [0, 0, 0], values="of", cmap=colors)]
    runs = words(kind=[[0, 1], [2, 0]], of=[2, 1, 0])
    runs["kind"][..., 0, 0] = np.nan
    view = view_of(explore(runs, fig, layers, alt="类"))
    image, points = view.spec["layers"]
    assert image["colors"] == "ffffff2f7fc1d55e00"
    kind = decode(view, image["channels"]["z"]).ravel()
    assert np.isnan(kind[0]) and kind[1:].tolist() == [1, 2, 0]
    assert decode(view, points["channels"]["z"]).ravel().tolist() == [2, 1, 0]
    ((args, _),) = canvas["imshow"]
    assert mpl.colors.to_hex(args[0][1, 0]) == "#d55e00" and args[0][0, 0, 3] == 0
    with pytest.raises(ValueError, match=r"3 种颜色.*收到了 3"):
        other, _ = plt.subplots()
        explore(words(kind=[[0, 3]]), other, [Image("kind", cmap=colors)], alt="类")


def test_matrices_carry_the_names_of_rows_and_columns(runs, fig):
    names = {"rows": ["甲", "乙", "丙"], "columns": list("东南西北")}
    layer = Image("map", vmin=0, vmax=1, **names)
    view = view_of(explore(runs, fig, [layer], alt="矩阵"))
    assert view.spec["layers"][0]["rows"] == names["rows"]
    ax = fig.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == names["rows"]
    assert ax.get_xticks().tolist() == [0, 1, 2, 3] and ax.get_yticks().tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match=r"rows 有 2 个名字.*3 格"):
        other, _ = plt.subplots()
        explore(runs, other, [Image("map", vmin=0, vmax=1, rows=["甲", "乙"])], alt="矩阵")


def test_cells_are_counted_in_whole_numbers():
    """没有第 2.5 格；给了 ``extent`` 的是平面上的坐标，照旧。"""

    def square(k):
        yield {"map": np.full((20, 16), k)}

    fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
    layer = Image("map", ax=left, vmin=0, vmax=2)
    plane = replace(layer, ax=right, extent=(0, 4, 0, 1))
    explore(sweep(square, k=[1, 2]), fig, [layer, plane], alt="矩阵")
    for ticks in (left.get_xticks(), left.get_yticks()):
        assert np.array_equal(ticks, np.round(ticks))
    assert not np.array_equal(right.get_yticks(), np.round(right.get_yticks()))


def test_category_axes_read_names(runs, fig):
    layers = [Bars("heads", x=["猫", "狗"])]
    view = view_of(explore(runs, fig, layers, alt="类别"))
    assert view.spec["panels"][0]["x"]["names"] == ["猫", "狗"]
    assert "names" not in view.spec["panels"][1]["x"]


def test_segments_join_nodes(fig, monkeypatch):
    canvas = Canvas(fig.axes[0], monkeypatch)
    edges = [(0, 1), (1, 2), (2, 0)]
    colors = {"values": "weight", "cmap": "gray", "vmin": 0, "vmax": 1}
    layer = Segments("x", [0, 1, 0], edges, width="wide", arrows=True, gap=3, **colors)
    runs = words(x=[0, 1, 2], weight=[0, 1, 0.5], wide=[1, 0, 4])
    view = view_of(explore(runs, fig, [layer], alt="图"))
    (spec,) = view.spec["layers"]
    assert spec["edges"] == [[0, 1], [1, 2], [2, 0]] and spec["arrows"] and spec["gap"] == 3
    got = decode(view, spec["channels"]["w"]).ravel()
    np.testing.assert_allclose(got, [1, 0, 4], atol=1e-4)
    arrows = [kwargs for _, kwargs in canvas["annotate"]]
    assert [(a["xytext"], a["xy"]) for a in arrows] == [((0, 0), (1, 1)), ((2, 0), (0, 0))]
    assert [a["arrowprops"]["linewidth"] for a in arrows] == [1, 4]


def test_light_images_may_be_large(fig):
    """上限算的是压缩以后的大小：平滑的大图也放得下。"""

    def smooth(k):
        for t in range(10):
            yield {"map": np.outer(np.linspace(0, 1, 224), np.ones(224)) * (k + t) / 12}

    view = view_of(explore(sweep(smooth, k=[1, 2]), fig, [Image("map", vmin=0, vmax=1)], alt="大"))
    assert len(view.data) > 1_000_000 > len(view.payload)


@pytest.mark.parametrize(("azimuth", "elevation"), [(0, 0), (30, 30), (-60, 45), (200, 85)])
def test_projection_is_matplotlibs(azimuth, elevation):
    fig = plt.figure()
    ax = fig.add_subplot(projection="3d", proj_type="ortho", box_aspect=(1, 1, 1))
    ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    ax.view_init(elev=elevation, azim=azimuth)
    points = np.random.default_rng(0).uniform(-1, 1, (3, 20))
    theirs = np.array(proj3d.proj_transform(*points, ax.get_proj())[:2])
    ours = np.array(project(*points, azimuth=azimuth, elevation=elevation))
    plt.close(fig)
    origin = np.array(proj3d.proj_transform(0, 0, 0, ax.get_proj())[:2])
    theirs = theirs - origin[:, None]
    scale = np.linalg.norm(theirs) / np.linalg.norm(ours)
    np.testing.assert_allclose(theirs, scale * ours, atol=1e-6)


# ---------- 画不了的图 ----------


def polar():
    fig = plt.figure()
    fig.add_subplot(projection="polar")
    return fig


def solid():
    fig = plt.figure()
    fig.add_subplot(projection="3d")
    return fig


def decorated(decorate):
    fig, ax = plt.subplots()
    decorate(fig, ax)
    return fig


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (polar, "极坐标画不了：.*cos"),
        (solid, "三维坐标系画不了：.*project"),
        (lambda: decorated(lambda fig, ax: ax.twinx()), "双轴.*拆成左右两个"),
        (lambda: decorated(lambda fig, ax: ax.twiny()), "双轴.*拆成左右两个"),
        (lambda: decorated(lambda fig, ax: ax.inset_axes([0.5, 0.5, 0.4, 0.4])), "inset.*旁边"),
        (lambda: decorated(lambda fig, ax: fig.add_axes([0.5, 0.5, 0.2, 0.2])), "inset.*排开"),
        (lambda: decorated(lambda fig, ax: ax.secondary_yaxis("right")), "第二条轴.*名字"),
        (
            lambda: decorated(lambda fig, ax: fig.subfigures().suptitle("上")),
            "subfigure.suptitle.*fig.suptitle",
        ),
        (lambda: decorated(lambda fig, ax: fig.figimage(np.eye(2))), "figimage.*imshow"),
        (lambda: decorated(lambda fig, ax: fig.add_artist(plt.Line2D([0], [0]))), "artist.*plot"),
        (lambda: decorated(lambda fig, ax: fig.supxlabel("横")), "supxlabel.*xlabel"),
        (lambda: decorated(lambda fig, ax: fig.supylabel("纵")), "supylabel.*ylabel"),
        (lambda: decorated(lambda fig, ax: fig.text(0, 0, "字")), "fig.text.*caption"),
        (
            lambda: decorated(lambda fig, ax: fig.legend(ax.plot([0, 1]), ["线"])),
            "fig.legend.*ax.legend",
        ),
    ],
)
def test_figures_that_cannot_be_drawn_are_refused_by_name(runs, make, message):
    fig = make()
    with pytest.raises(ValueError, match=message):
        explore(runs, fig, [Line("loss")], alt="图")
    plt.close(fig)


@pytest.mark.parametrize("scale", ["log", "symlog"])
def test_images_need_linear_axes(runs, fig, scale):
    fig.axes[0].set_xscale(scale)
    with pytest.raises(ValueError, match=r"线性.*x 轴.*log10"):
        explore(runs, fig, [Image("map", vmin=0, vmax=1)], alt="图")


def test_hidden_axes_are_left_out(runs):
    fig, axes = plt.subplots(2, 2)
    axes[1, 1].set_visible(False)
    axes[0, 1].axis("off")
    fig.suptitle("四格")
    view = view_of(explore(runs, fig, [Line("loss", ax=axes[0, 1])], alt="图"))
    assert len(view.spec["panels"]) == 3 and view.spec["layers"][0]["panel"] == 1
    assert view.spec["title"] == "四格"
    fig, axes = plt.subplots(1, 2)
    axes[1].set_visible(False)
    with pytest.raises(ValueError, match="没有显示出来"):
        explore(runs, fig, [Line("loss", ax=axes[1])], alt="图")


def test_free_colorbars_stay_with_their_axes():
    fig, (_, right) = plt.subplots(1, 2)
    fig.colorbar(mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 1), "viridis"), ax=right)
    groups = frame.group_axes(fig)
    plt.close(fig)
    assert [len(group) for group in groups] == [1, 2] and groups[1][0] is right


# ---------- 图例、深色模式 ----------


def test_names_in_the_frame_reach_the_legend(runs, fig):
    left, right = fig.axes
    left.plot([0, 1], color="#123456", linestyle="--", label="真值")
    left.scatter([0], [0], color="#654321", label="样本")
    right.plot([0, 1], label="理论")
    right.legend()
    explorer = explore(runs, fig, [Line("loss", ax=left), Line("w", ax=right, label="w")], alt="图")
    first, second = view_of(explorer).spec["panels"]
    assert first["legend"] == [
        {"label": "真值", "color": "#123456", "dash": True},
        {"label": "样本", "color": "#654321", "dash": False},
    ]
    assert second["legend"] == []  # 作者放了图例，它在画框里
    texts = [text.get_text() for text in right.get_legend().get_texts()]
    assert texts == ["理论", "w"]  # PNG 里各一次


def test_white_data_stays_white_in_dark_mode(runs, fig):
    left, right = fig.axes
    left.plot([0, 1], color="white")
    right.text(0, 0, "字", bbox={"facecolor": "white"})
    view = view_of(explore(runs, fig, [Line("loss", ax=left)], alt="图"))
    first, second = (panel["svg"] for panel in view.spec["panels"])
    assert "#ffffff" in first and "--ex-paper" not in first
    assert "--ex-paper" in second


# ---------- 扫描结果被切过以后 ----------


def test_steps_default_to_the_step_coordinate(runs, fig):
    view = view_of(
        explore(runs.assign_coords(step=[0, 10, 20, 30, 40]), fig, [Line("loss")], alt="步")
    )
    assert view.spec["steps"] == [0, 10, 20, 30, 40]
    assert view.spec["runs"]["values"] == [5] * 6


def test_every_other_step(runs):
    short = runs.isel(step=[0, 2, 4])
    fig, _ = plt.subplots()
    view = view_of(explore(short, fig, [Line("loss")], alt="步"))
    assert view.spec["steps"] == [0, 2, 4] and view.spec["runs"]["values"] == [3] * 6


# ---------- 不合适的输入 ----------


@pytest.mark.parametrize(
    ("layers", "options", "error", "message"),
    [
        ([], {}, ValueError, "非空的图层列表"),
        (Line("loss"), {}, ValueError, "非空的图层列表"),
        (["loss"], {}, TypeError, "第 0 个应当是图层"),
        ([Line("lost")], {}, ValueError, "没有这个变量.*loss"),
        ([Image("loss", vmin=0, vmax=1)], {}, ValueError, "二维矩阵"),
        ([Path("curve", "map")], {}, ValueError, "标量"),
        ([Bars("map")], {}, ValueError, "不超过 1 维"),
        ([Line("curve", x=[0, 1])], {}, ValueError, "点数要一样"),
        ([Line("loss")], {"alt": " "}, ValueError, "alt 不能为空"),
        ([Line("loss")], {"labels": {"rate": "学习率"}}, ValueError, "rate.*不是超参数.*lr"),
        ([Line("loss")], {"start": {"lr": 0.5}}, ValueError, "0.5.*不在网格里"),
        ([Line("loss")], {"start_step": 7}, ValueError, "start_step=7.*0、1、2"),
        ([Line("loss")], {"steps": [0, 1]}, ValueError, "5 个数"),
        ([Image("map", rgb=True)], {}, ValueError, "彩色图（行, 列, 3）"),
        ([Segments([0, 1], [0, 1], [(0, 2)])], {}, ValueError, "2 个结点.*编号 2"),
        ([Segments([0, 1], [0, 1], [(0, 1)], width="heads")], {}, ValueError, "1 条边，w 却有 2"),
    ],
)
def test_bad_input_is_explained(runs, fig, layers, options, error, message):
    with pytest.raises(error, match=message):
        explore(runs, fig, layers, **{"alt": "图"} | options)


def test_colors_need_fixed_ends():
    with pytest.raises(ValueError, match="vmin < vmax"):
        Image("map")
    with pytest.raises(ValueError, match="没有叫"):
        Image("map", vmin=0, vmax=1, cmap="彩虹")
    with pytest.raises(ValueError, match=r"不是颜色的有.*浅蓝"):
        Image("map", cmap=["white", "浅蓝"])
    with pytest.raises(ValueError, match="不要再给 vmin"):
        Image("map", cmap=["white", "black"], vmin=0, vmax=1)


def test_layers_explain_what_they_need():
    with pytest.raises(ValueError, match="起点, 终点"):
        Segments([0, 1], [0, 1], [0, 1])
    with pytest.raises(ValueError, match="width 应当是正数"):
        Segments([0, 1], [0, 1], [(0, 1)], width=0)
    with pytest.raises(ValueError, match="一列字符串"):
        Text([0], [0], "t", vocabulary="我爱你")
    with pytest.raises(ValueError, match="across"):
        Image("map", vmin=0, vmax=1, across=0)


def test_foreign_axes_and_figures(runs, fig):
    other, ax = plt.subplots()
    plt.close(other)
    with pytest.raises(ValueError, match="不属于这张 fig"):
        explore(runs, fig, [Line("loss", ax=ax)], alt="图")
    with pytest.raises(TypeError, match="matplotlib 图"):
        explore(runs, plt, [Line("loss")], alt="图")
    with pytest.raises(TypeError, match="sweep"):
        explore({"loss": [1, 2]}, fig, [Line("loss")], alt="图")


def test_too_heavy_explorers_are_refused(fig):
    def heavy(seed):
        rng = np.random.default_rng(seed)
        for _ in range(40):
            yield {"map": rng.random((64, 64))}

    with pytest.raises(ValueError, match="上限 1 MB"):
        explore(sweep(heavy, seed=list(range(8))), fig, [Image("map", vmin=0, vmax=1)], alt="图")


def test_colorbars_stay_with_their_axes():
    fig, (left, right) = plt.subplots(1, 2)
    fig.colorbar(left.imshow(np.eye(3)), ax=left)
    groups = frame.group_axes(fig)
    plt.close(fig)
    assert sorted(len(group) for group in groups) == [1, 2]
    assert groups[[len(g) for g in groups].index(2)][0] is left and right in [g[0] for g in groups]


# ---------- 在图上拖 ----------


def place(lr, mode):
    """一个点：横向随 lr，纵向随 mode。"""
    for t in range(3):
        yield {"x": lr, "y": float(mode == "快"), "pair": np.array([lr, t]), "still": 1.0 * t}


@pytest.fixture(scope="module")
def places():
    return sweep(place, **GRID)


@pytest.mark.parametrize(
    ("layer", "sliders"),
    [
        (Points("x", "y", drag="lr"), [0]),
        (Points("x", "y", drag=("mode", "lr")), [1, 0]),
        (Path("x", "y", drag=["lr"]), [0]),
        (Line("pair", drag="lr"), [0]),
        (Points("x", "y"), None),
    ],
)
def test_drag_names_the_sliders(layer, sliders, places, fig):
    assert view_of(explore(places, fig, [layer], alt="图")).spec["layers"][0]["drag"] == sliders


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Points("x", "y", drag="rate"), "rate 没有滑块；这张图的滑块有：lr、mode"),
        (Points("x", "y", drag=("lr", "lr")), "两个不同的名字"),
        (Points("x", "y", drag=()), "应当是一个超参数的名字"),
        (Points("pair", "pair", drag="lr"), "只能有一个点"),
        (Line("x", drag="lr"), "历史曲线拖不了"),
        (Points("still", "still", drag="lr"), "改变 lr 时它停在原处"),
    ],
)
def test_a_wrong_drag_says_what_is_wrong(layer, message, places, fig):
    with pytest.raises(ValueError, match=message):
        explore(places, fig, [layer], alt="图")
