"""现场训练的内核一半：一问一答，答得都对；训练前后，内核的随机数与别的状态一样。"""

import random
import signal
import threading
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import utils
from utils import Line, Path, Points, explore, sweep
from utils.explorer import live
from utils.explorer.encode import to_fraction

utils.setup()
N_STEPS = 6
VALUES = {"lr": 0.1, "n": 2, "mode": 0}
GRID = {"lr": [0.01, 0.1, 1.0], "n": [1, 2], "mode": ["正", "负"]}


def train(lr, n, mode):
    w = 1.0
    for t in range(N_STEPS):
        yield {
            "w": w,
            "loss": torch.tensor(w**2, requires_grad=True),
            "curve": np.sin(np.arange(5) * w + n),
            "sign": -1.0 if mode == "负" else 1.0,
            "t": t,
        }
        w -= lr * n * w


class Browser:
    """浏览器一侧：发一条消息，马上收到一条答复。"""

    def __init__(self, view):
        self.view = view
        self.inbox = []

    def ask(self, content):
        self.view._handle_custom_msg(content, [])
        ((answer, buffers),) = self.inbox
        self.inbox.clear()
        return answer, buffers

    def start(self, run_id="1", **values):
        return self.ask({"type": "start", "id": run_id, "values": VALUES | values})[0]

    def next(self, run_id="1"):
        return self.ask({"type": "next", "id": run_id})

    def train(self, run_id="1", **values):
        """训练到底：(每一步的 {通道: 数组} 列表, 最后一条答复)。"""
        answer, steps = self.start(run_id, **values), []
        while "outcome" not in answer:
            answer, buffers = self.next(run_id)
            steps += [self.decode(step, buffers[0]) for step in answer["steps"]]
        return steps, answer

    @staticmethod
    def decode(step, data):
        return [{name: decode(channel, data) for name, channel in s.items()} for s in step]


def decode(channel, data):
    """浏览器里 slice() 的独立写法，只看 16 位的坐标。"""
    dims, low, high = channel["dims"], channel["low"], channel["high"]
    levels = np.frombuffer(data, "<u2", int(np.prod(dims)), channel["at"]).reshape(dims)
    return np.where(levels == 65535, np.nan, low + levels / 65534 * (high - low))


def figure(runs, **options):
    fig, (a, b) = plt.subplots(1, 2)
    a.set(xlim=(-1, 2), ylim=(-0.5, 1.5))
    b.set(xlim=(0, 5), ylim=(-1, 1))
    layers = [Path("w", "loss", ax=a), Line("curve", ax=b), Points("t", "sign", ax=b)]
    return explore(runs, fig, layers, labels={"lr": "学习率"}, step_label="轮", alt="图", **options)


@pytest.fixture(scope="module")
def drawn():
    """两张画好的图：画图比训练慢得多，各个测试只换上自己的 ``train``。"""
    return [figure(sweep(train, **GRID)).children[1] for _ in range(2)]


def trainer_of(view):
    """注册在小部件上、接收消息的那个 ``Trainer``。"""
    cells = [c for f in view._msg_callbacks.callbacks for c in f.__closure__ or ()]
    (trainer,) = {c.cell_contents for c in cells if isinstance(c.cell_contents, live.Trainer)}
    return trainer


@pytest.fixture
def connect(drawn, monkeypatch):
    """给一个生成器函数，返回连着一张图的 ``Browser``，那张图现场训练用的就是它。"""
    views = list(drawn)

    def make(generator):
        browser = Browser(views.pop())
        trainer = trainer_of(browser.view)
        monkeypatch.setattr(trainer, "train", generator)
        monkeypatch.setattr(trainer, "send", lambda *message: browser.inbox.append(message))
        return browser

    return make


@pytest.fixture
def one_step_a_time(monkeypatch):
    monkeypatch.setattr(live, "_SLICE_S", 0)


# ---------- 一问一答 ----------


def test_a_greeting_is_answered_to_the_view_that_sent_it(connect):
    browser = connect(train)
    assert browser.ask({"type": "hello", "view": "view7"}) == (
        {"type": "ready", "view": "view7"},
        [],
    )


def test_start_is_answered_before_training(connect):
    def generator(lr, n, mode):
        raise AssertionError("还没有要第一步")
        yield

    assert connect(generator).start() == {"type": "started", "id": "1"}


@pytest.mark.parametrize(("lr", "n", "mode"), [(0.01, 1, 0), (0.1, 2, 1), (1.0, 2, 0)])
def test_live_steps_equal_the_recorded_ones(connect, lr, n, mode):
    browser = connect(train)
    steps, last = browser.train(lr=lr, n=n, mode=mode)
    assert (last["outcome"], last["text"]) == ("done", "训练完成")
    assert len(steps) == N_STEPS
    at = ([0.01, 0.1, 1.0].index(lr), n - 1, mode)
    for i, layer in enumerate(browser.view.spec["layers"]):
        for name in steps[0][i]:
            recorded = decode(layer["channels"][name], browser.view.data)
            shape = (3, 2, 2, *np.broadcast_shapes(recorded.shape[3:], (1, 1, 1)))
            recorded = np.broadcast_to(recorded, shape)[at]  # (步, K, N)，历史的步在最后
            streamed = np.stack([step[i][name][0] for step in steps])
            if layer["history"]:
                streamed = np.moveaxis(streamed[..., 0], 0, -1)[None]
            np.testing.assert_allclose(
                np.broadcast_to(recorded, streamed.shape), streamed, atol=2e-4
            )
    # 画框里不变的通道不用再送
    assert "x" not in steps[0][1]


def test_values_off_the_grid_are_used(connect):
    browser = connect(train)
    steps, _ = browser.train(lr=0.07, n=5)
    ax = plt.figure().add_subplot(ylim=(-0.5, 1.5))
    expected = [float(r["loss"].detach()) for r in train(lr=0.07, n=5, mode="正")]
    sent = [step[0]["y"].item() for step in steps]
    np.testing.assert_allclose(sent, to_fraction(ax, "y", np.array(expected)), atol=1e-4)
    plt.close("all")


def test_an_answer_comes_after_a_tenth_of_a_second(connect):
    def slow(lr, n, mode):
        for record in train(lr, n, mode):
            time.sleep(0.04)
            yield record

    browser = connect(slow)
    browser.start()
    sizes = []
    while sum(sizes) < N_STEPS:
        sizes.append(len(browser.next()[0]["steps"]))
    assert max(sizes) < N_STEPS and len(sizes) >= 2
    assert live._SLICE_S == 0.1


def test_nothing_runs_unless_asked(connect, one_step_a_time):
    seen = []

    def generator(lr, n, mode):
        for t, record in enumerate(train(lr, n, mode)):
            seen.append(t)
            yield record

    browser, before = connect(generator), threading.active_count()
    browser.start()
    browser.next(), browser.next()
    time.sleep(0.2)
    assert seen == [0, 1]
    assert threading.active_count() == before


def test_a_new_run_replaces_the_one_under_way(connect, one_step_a_time):
    browser = connect(train)
    browser.start("1")
    browser.next("1")
    browser.start("2")
    answer, _ = browser.next("1")
    assert (answer["type"], answer["outcome"]) == ("ended", "failed")
    assert "请重新开始" in answer["text"]
    assert len(browser.next("2")[0]["steps"]) == 1


def test_asking_after_the_end_is_answered(connect):
    browser = connect(train)
    browser.train()
    assert browser.next()[0]["outcome"] == "failed"


@pytest.mark.parametrize(
    "message",
    [
        None,
        "train",
        [],
        {},
        {"type": "fly"},
        {"type": "hello"},
        {"type": "start"},
        {"type": "start", "id": 3, "values": {}},
        {"type": "start", "id": "1", "values": [0.1]},
        {"type": "next"},
        {"type": ["next"], "id": "1"},
    ],
    ids=repr,
)
def test_a_malformed_message_is_answered_and_the_next_one_works(connect, message):
    browser = connect(train)
    trainer_of(browser.view).receive(message)
    ((answer, _),) = browser.inbox
    browser.inbox.clear()
    assert answer["type"] == "unknown" and "看不懂这条消息" in answer["text"]
    assert browser.train()[1]["outcome"] == "done"


@pytest.mark.parametrize("values", [{}, {"lr": "0.1"}, {"lr": [1]}, {"lr": True}, {"mode": 2}])
def test_missing_and_strange_values_are_explained(connect, values):
    browser = connect(train)
    answer, _ = browser.ask({"type": "start", "id": "1", "values": {"n": 1, "mode": 0} | values})
    assert answer["type"] == "ended" and answer["outcome"] == "failed"
    assert answer["text"] in ("学习率要填一个数。", "mode没有第 2 个选项。")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"lr": 0}, "学习率要在 0.001 到 10 之间，收到的是 0。"),
        ({"lr": -0.1}, "学习率要在 0.001 到 10 之间，收到的是 -0.1。"),
        ({"lr": 11}, "学习率要在 0.001 到 10 之间，收到的是 11。"),
        ({"lr": None}, "学习率要填一个数。"),
        ({"lr": float("inf")}, "学习率要填一个数。"),
        ({"n": 1.5}, "n要填整数，收到的是 1.5。"),
        ({"n": 0}, "n要在 1 到 8 之间，收到的是 0。"),
        ({"n": 10**9}, "n要在 1 到 8 之间，收到的是 1e+09。"),
        ({"mode": -1}, "mode没有第 -1 个选项。"),
        ({"mode": 0.5}, "mode没有第 0.5 个选项。"),
    ],
)
def test_wrong_values_are_explained_in_chinese(connect, values, text):
    browser = connect(train)
    steps, last = browser.train(**values)
    assert (steps, last["outcome"], last["text"]) == ([], "failed", text)


@pytest.mark.parametrize(
    ("grid", "low", "high"),
    [
        ((0.01, 1.0), 0.001, 10),
        ((8, 64), 2, 256),
        ((0, 3), 0, 15),
        ((0.0, 0.9), -9, 9.9),
        ((-2, 2), -18, 18),
        ((5,), 2, 20),
        ((0.0,), -10, 10),
    ],
)
def test_bounds_are_generous_and_follow_the_grid(grid, low, high):
    bounds = live.Hyperparameter("x", "x", grid, 0).bounds
    np.testing.assert_allclose(bounds, (low, high))
    parse = live.Hyperparameter("x", "x", grid, 0).parse
    assert all(parse(v) == v for v in (*grid, bounds[0], bounds[1]))
    for beyond in (bounds[0] - 1, bounds[1] + 1):
        with pytest.raises(ValueError, match="之间"):
            parse(beyond)


def test_values_reach_train_in_their_own_type():
    parse = live.Hyperparameter("n", "个数", (1, 2), 0).parse
    assert (parse(3.0), type(parse(3.0))) == (3, int)
    assert live.Hyperparameter("m", "动量", (0.0, 0.9), 0).parse(-0.5) == -0.5
    assert live.Hyperparameter("norm", "归一化", (False, True), 0).parse(1) is True
    assert live.Hyperparameter("b", "批量", (1, "全部"), 0).parse(1) == "全部"


# ---------- 结局 ----------


def _overflowing(kind):
    def generator(lr, n, mode):
        for t, record in enumerate(train(lr, n, mode)):
            if t == 3 and kind == "python":
                record["w"] = 1e200**2
            if t == 3 and kind == "numpy":
                record["curve"] = np.full(5, 1e200) * 1e200
            if t == 3 and kind == "nan":
                record["loss"] = torch.tensor(float("nan"))
            yield record

    return generator


@pytest.mark.parametrize("kind", ["python", "numpy", "nan"])
def test_divergence_is_said_and_what_came_before_stays(connect, kind):
    browser = connect(_overflowing(kind))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # 发散不刷警告
        steps, last = browser.train()
    assert len(steps) == 3
    assert last["outcome"] == "diverged"
    assert last["text"] == "发散：从轮 3 起数值溢出"


def test_masked_entries_are_holes_not_divergence(connect):
    def generator(lr, n, mode):
        for record in train(lr, n, mode):
            hidden = [False, True, False, False, True]
            yield record | {"curve": np.ma.masked_array(np.full(5, np.inf), True)}
            yield record | {"curve": np.ma.masked_array([0.5, np.nan, 0, 0, 7], hidden)}

    steps, last = connect(generator).train()
    assert last["outcome"] == "done"
    holes = [np.isnan(step[1]["y"]).ravel().tolist() for step in steps[:2]]
    assert holes == [[True] * 5, [False, True, False, False, True]]


def test_an_error_in_train_is_shown_and_the_next_run_works(connect):
    def generator(lr, n, mode):
        yield from (record for record, _ in zip(train(lr, n, mode), range(2), strict=False))
        if lr > 1:
            raise RuntimeError("步长太大")

    browser = connect(generator)
    _, last = browser.train(lr=1.5)
    assert (last["outcome"], last["text"]) == ("failed", "训练出错（RuntimeError）：步长太大")
    steps, last = browser.train("2", lr=0.5)
    assert last["outcome"] == "done"
    assert len(steps) == 2  # 提前结束也算完成


def _exits(lr, n, mode):
    raise SystemExit("退出")
    yield


@pytest.mark.parametrize(
    ("generator", "text"),
    [
        (_exits, "训练出错（SystemExit）：退出"),
        (lambda lr, n, mode: [1, 2], "train 应当是生成器函数"),
        (lambda lr, n, mode: iter([3]), "应当产出一个字典"),
        (lambda lr, n, mode: iter([{"w": 1.0}]), "没有这个变量"),
        (lambda lr, n: iter([]), "TypeError"),
        (
            lambda lr, n, mode: ({**r, "curve": np.zeros(7)} for r in train(lr, n, mode)),
            "curve 的形状是 (7,)，录好的是 (5,)",
        ),
    ],
    ids=["exit", "list", "number", "missing", "signature", "shape"],
)
def test_a_wrong_train_is_explained(connect, generator, text):
    browser = connect(generator)
    steps, last = browser.train()
    assert (steps, last["outcome"]) == ([], "failed")
    assert text in last["text"]


def test_interrupting_the_kernel_stops_the_run_and_is_said(connect, one_step_a_time):
    def generator(lr, n, mode):
        for t, record in enumerate(train(lr, n, mode)):
            if t == 2:
                signal.raise_signal(signal.SIGINT)
            yield record

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # 内核闲着的时候就是这样
    try:
        browser = connect(generator)
        steps, last = browser.train()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(steps) == 2
    assert (last["outcome"], last["text"]) == ("stopped", "内核被中断，停在轮 1")


def test_an_endless_generator_ends_with_the_recorded_steps(connect):
    def generator(lr, n, mode):
        while True:
            yield from train(lr, n, mode)

    assert len(connect(generator).train()[0]) == N_STEPS


def test_arrays_reused_by_train_are_copied(connect):
    """曲线在原地更新时，一批里先前的几步不能跟着变。"""

    def generator(lr, n, mode):
        curve = np.zeros(5)
        for t, record in enumerate(train(lr, n, mode)):
            curve[:] = t / 10
            yield record | {"curve": curve}

    steps, _ = connect(generator).train()
    heights = [step[1]["y"].ravel()[0] for step in steps]
    np.testing.assert_allclose(heights, [0.5 + t / 20 for t in range(N_STEPS)], atol=1e-4)


def test_the_array_with_holes_stays_as_train_made_it(connect):
    """缺的数只在送走的那一份里换成 NaN。"""
    kept = np.ma.masked_array(np.arange(5.0), mask=[0, 1, 0, 0, 0])

    def generator(lr, n, mode):
        yield from (record | {"curve": kept} for record in train(lr, n, mode))

    assert connect(generator).train()[0]
    np.testing.assert_array_equal(kept.data, np.arange(5.0))


# ---------- 内核的状态 ----------


def noisy(lr, n, mode):
    """三种全局随机数都用，从同一颗种子开始。"""
    random.seed(n), np.random.seed(n), torch.manual_seed(n)  # noqa: NPY002
    for record in train(lr, n, mode):
        draws = [random.random(), np.random.rand(), float(torch.rand(()))]  # noqa: NPY002
        yield record | {"curve": [*draws, 0, 0]}


def draws():
    return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002


def seed_all():
    random.seed(7), np.random.seed(7), torch.manual_seed(7)  # noqa: NPY002


def test_the_random_state_is_as_before_after_every_answer(connect, one_step_a_time):
    browser = connect(noisy)
    seed_all()
    expected = [draws() for _ in range(N_STEPS + 1)]
    seed_all()
    browser.start()
    seen = [draws()]
    for _ in range(N_STEPS):
        browser.next()
        seen.append(draws())
    assert seen == expected


def test_two_figures_training_at_once_do_not_disturb_each_other(connect, one_step_a_time):
    def curve(answer):
        (step,) = Browser.decode(answer[0]["steps"][0], answer[1][0])[1:2]
        return step["y"].ravel().tolist()

    first, second = connect(noisy), connect(noisy)
    first.start(n=1)
    expected = [curve(first.next()) for _ in range(N_STEPS)]
    first.start(n=1), second.start(n=2)
    together = []
    for _ in range(N_STEPS):
        together.append(curve(first.next()))
        second.next(), draws()
    assert together == expected


def test_modes_entered_by_train_do_not_leak(connect, one_step_a_time):
    """停在 ``with torch.no_grad():`` 里面的训练，不能让读者的单元格也不求梯度。"""
    seen = []

    def generator(lr, n, mode):
        with torch.no_grad(), np.errstate(divide="raise"):
            for record in train(lr, n, mode):
                seen.append((torch.is_grad_enabled(), np.geterr()["divide"]))
                yield record

    browser = connect(generator)
    before = np.geterr()
    browser.start()
    for _ in range(3):
        browser.next()
        assert torch.is_grad_enabled()
        assert np.geterr() == before
    assert seen == [(False, "raise")] * 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="这台机器没有 GPU")
def test_the_random_state_of_the_card_is_as_before(connect, one_step_a_time):
    def generator(lr, n, mode):
        for record in train(lr, n, mode):
            torch.rand(3, device="cuda")
            yield record

    torch.rand(1, device="cuda")
    before = torch.cuda.get_rng_state()
    browser = connect(generator)
    browser.start()
    browser.next(), browser.next()
    assert torch.equal(torch.cuda.get_rng_state(), before)


# ---------- 什么时候能现场训练 ----------


@pytest.mark.parametrize(
    ("change", "offered"),
    [
        (lambda runs: runs, True),
        (lambda runs: runs.sel(lr=[0.01, 1.0]), True),
        (lambda runs: runs.transpose("mode", ...), True),
        (lambda runs: runs.assign_coords(step=10 * runs["step"]), True),
        (lambda runs: runs.sel(n=2), False),
        (lambda runs: runs.isel(n=0, drop=True), False),
        (lambda runs: runs.mean("n", keep_attrs=True), False),
        (lambda runs: runs.mean("n", keep_attrs=False), False),
        (lambda runs: runs.isel(step=[0, 2, 4]), False),
        (lambda runs: runs.isel(step=slice(None, None, -1)), False),
        (lambda runs: runs.assign_coords(lr=[1.0, 2.0, 3.0]), False),
        (lambda runs: runs.drop_attrs(), False),
    ],
)
def test_live_training_is_offered_only_for_the_grid_and_steps_recorded(change, offered):
    runs = change(sweep(train, **GRID))
    explorer = figure_for(runs)
    view = explorer.children[1]
    assert view.spec["live"] is offered
    assert view.spec["steps"] == runs["step"].values.tolist()


def figure_for(runs):
    fig, ax = plt.subplots()
    ax.set(xlim=(0, 5), ylim=(-1, 1))
    return explore(runs, fig, [Line("w")], alt="图")
