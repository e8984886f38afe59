"""现场训练的内核一半：浏览器发来的每种消息，答复都对，而且总会有“结束”。"""

import queue
import threading
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import utils
from utils import Line, Path, Points, explore, sweep
from utils.explorer import View, live
from utils.explorer.encode import to_fraction

utils.setup()
N_STEPS = 6
VALUES = {"lr": 0.1, "n": 2, "mode": 0}


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
    """浏览器一侧：发消息，按次序收答复。"""

    def __init__(self, view):
        self.view = view
        self.inbox = queue.Queue()

    def send(self, **content):
        self.view._handle_custom_msg(content, [])

    def train(self, run_id="1", **values):
        self.send(type="train", id=run_id, values=VALUES | values)

    def receive(self):
        return self.inbox.get(timeout=20)

    def until_done(self, run_id="1"):
        """这次训练的全部消息：(每一步的 {通道: 数组} 列表, 结束消息)。"""
        steps = []
        while True:
            message, buffers = self.receive()
            if message["id"] != run_id:
                continue
            if message["type"] == "steps":
                steps += [self.decode(step, buffers[0]) for step in message["steps"]]
            elif message["type"] == "done":
                return steps, message

    @staticmethod
    def decode(step, data):
        return [{name: decode(channel, data) for name, channel in s.items()} for s in step]


def decode(channel, data):
    """浏览器里 slice() 的独立写法，只看 16 位的坐标。"""
    dims, low, high = channel["dims"], channel["low"], channel["high"]
    levels = np.frombuffer(data, "<u2", int(np.prod(dims)), channel["at"]).reshape(dims)
    return low + levels / 65534 * (high - low)


@pytest.fixture
def connect(monkeypatch):
    """给一个生成器函数，造好可拖动的图，返回连着它的 ``Browser``。"""
    browsers = {}
    monkeypatch.setattr(
        View, "send", lambda view, *message: browsers[view].inbox.put(message), raising=False
    )

    def make(generator, interval=0.0):
        monkeypatch.setattr(live, "_INTERVAL", interval)
        runs = sweep(train, lr=[0.01, 0.1, 1.0], n=[1, 2], mode=["正", "负"])
        fig, (a, b) = plt.subplots(1, 2)
        a.set(xlim=(-1, 2), ylim=(-0.5, 1.5))
        b.set(xlim=(0, 5), ylim=(-1, 1))
        layers = [Path("w", "loss", ax=a), Line("curve", ax=b), Points("t", "sign", ax=b)]
        explorer = explore(
            runs, fig, layers, labels={"lr": "学习率"}, step_label="轮", alt="图", train=generator
        )
        browser = Browser(explorer.children[1])
        browsers[browser.view] = browser
        return browser

    return make


class Gated:
    """一步一步放行的训练。"""

    def __init__(self):
        self.gate = threading.Semaphore(0)

    def __call__(self, **values):
        for record in train(**values):
            assert self.gate.acquire(timeout=20)
            yield record


def test_a_greeting_is_answered_to_the_view_that_sent_it(connect):
    browser = connect(train)
    browser.send(type="hello", view="view7")
    assert browser.receive() == ({"type": "ready", "view": "view7"}, [])


def test_the_first_answer_comes_before_training(connect):
    gated = Gated()
    browser = connect(gated)
    browser.train()
    assert browser.receive()[0] == {"type": "started", "id": "1"}
    gated.gate.release(N_STEPS)
    assert browser.until_done()[1]["text"] == "训练完成"


@pytest.mark.parametrize(("lr", "n", "mode"), [(0.01, 1, 0), (0.1, 2, 1), (1.0, 2, 0)])
def test_live_steps_equal_the_recorded_ones(connect, lr, n, mode):
    browser = connect(train)
    browser.train(lr=lr, n=n, mode=mode)
    steps, done = browser.until_done()
    assert done == {"type": "done", "id": "1", "outcome": "done", "text": "训练完成"}
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
    browser.train(lr=0.07, n=5)
    steps, _ = browser.until_done()
    ax = plt.figure().add_subplot(ylim=(-0.5, 1.5))
    expected = [float(r["loss"].detach()) for r in train(lr=0.07, n=5, mode="正")]
    sent = [step[0]["y"].item() for step in steps]
    np.testing.assert_allclose(sent, to_fraction(ax, "y", np.array(expected)), atol=1e-4)
    plt.close("all")


def test_stop_ends_training_where_it_is(connect):
    gated = Gated()
    browser = connect(gated)
    browser.train()
    gated.gate.release(3)
    kinds = [browser.receive()[0]["type"] for _ in range(4)]
    assert kinds == ["started", "steps", "steps", "steps"]
    browser.send(type="stop")
    gated.gate.release(N_STEPS)
    steps, done = browser.until_done()
    assert len(steps) <= 1  # 按下“停止”时正在算的那一步
    assert done["outcome"] == "stopped"
    assert done["text"] == f"已停止在第 {2 + len(steps)} 轮"


def test_a_new_run_replaces_the_one_under_way(connect):
    gated = Gated()
    browser = connect(gated)
    browser.train("1")
    gated.gate.release(1)
    assert [browser.receive()[0]["type"] for _ in range(2)] == ["started", "steps"]
    browser.train("2")
    gated.gate.release(2 * N_STEPS)
    messages = []
    while len([m for m in messages if m["type"] == "done"]) < 2:
        messages.append(browser.receive()[0])
    outcome = {m["id"]: m["outcome"] for m in messages if m["type"] == "done"}
    assert outcome == {"1": "stopped", "2": "done"}
    assert sum(len(m["steps"]) for m in messages if m.get("id") == "2" and "steps" in m) == N_STEPS


def test_stop_without_a_run_does_nothing(connect):
    browser = connect(train)
    browser.send(type="stop")
    browser.train()
    assert browser.until_done()[1]["text"] == "训练完成"


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
        browser.train()
        steps, done = browser.until_done()
    assert len(steps) == 3
    assert done["outcome"] == "diverged"
    assert done["text"] == "发散：从轮 3 起数值溢出"


def test_an_error_in_train_is_shown_and_the_next_run_works(connect):
    def generator(lr, n, mode):
        yield from (record for record, _ in zip(train(lr, n, mode), range(2), strict=False))
        if lr > 1:
            raise RuntimeError("步长太大")

    browser = connect(generator)
    browser.train(lr=1.5)
    steps, done = browser.until_done()
    assert done["outcome"] == "failed"
    assert done["text"] == "训练出错（RuntimeError）：步长太大"
    browser.train("2", lr=0.5)
    steps, done = browser.until_done("2")
    assert done["outcome"] == "done"
    assert len(steps) == 2  # 提前结束也算完成


def test_an_endless_generator_ends_with_the_recorded_steps(connect):
    def generator(lr, n, mode):
        while True:
            yield from train(lr, n, mode)

    browser = connect(generator)
    browser.train()
    assert len(browser.until_done()[0]) == N_STEPS


def test_arrays_reused_by_train_are_copied(connect):
    """曲线在原地更新时，一批里先前的几步不能跟着变。"""

    def generator(lr, n, mode):
        curve = np.zeros(5)
        for t, record in enumerate(train(lr, n, mode)):
            curve[:] = t / 10
            yield record | {"curve": curve}

    browser = connect(generator, interval=1000.0)
    browser.train()
    steps, _ = browser.until_done()
    heights = [step[1]["y"].ravel()[0] for step in steps]
    np.testing.assert_allclose(heights, [0.5 + t / 20 for t in range(N_STEPS)], atol=1e-4)


def test_fast_training_is_sent_in_batches(connect):
    browser = connect(train, interval=1000.0)
    browser.train()
    sizes = []
    while (message := browser.receive()[0])["type"] != "done":
        sizes += [len(message["steps"])] if message["type"] == "steps" else []
    assert sizes == [1, N_STEPS - 1]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"lr": 0}, "学习率要大于 0，收到的是 0。"),
        ({"lr": -0.1}, "学习率要大于 0，收到的是 -0.1。"),
        ({"lr": None}, "学习率要填一个数。"),
        ({"lr": float("inf")}, "学习率要填一个数。"),
        ({"n": 1.5}, "n要填整数，收到的是 1.5。"),
        ({"n": 0}, "n要大于 0，收到的是 0。"),
    ],
)
def test_wrong_values_are_explained_in_chinese(connect, values, text):
    browser = connect(train)
    browser.train(**values)
    steps, done = browser.until_done()
    assert (steps, done["outcome"], done["text"]) == ([], "failed", text)


def test_values_reach_train_in_their_own_type():
    parse = live.Hyperparameter("n", "个数", (1, 2), 0).parse
    assert (parse(3.0), type(parse(3.0))) == (3, int)
    assert live.Hyperparameter("m", "动量", (0.0, 0.9), 0).parse(-0.5) == -0.5
    assert live.Hyperparameter("norm", "归一化", (False, True), 0).parse(1) is True
    assert live.Hyperparameter("b", "批量", (1, "全部"), 0).parse(1) == "全部"
