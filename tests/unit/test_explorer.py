"""可拖动的图：编码能还原、画框对得上、不合适的输入说得清。"""

import base64
import json
import zlib

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import utils
from utils import Bars, Image, Line, Path, Points, Text, explore, sweep
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
