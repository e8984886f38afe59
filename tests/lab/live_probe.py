"""接在笔记本最后，在它的内核里运行：每张图现场训练一次，滑块停在原处，结果要与录好的一样。

训练若用到后面的单元格改过的变量，或没有自己定种子，读者按下“开始训练”看到的就是另一回事。
"""

import gc

import numpy as np

from utils.explorer.live import Trainer


def decode(channel, data):
    dtype, top = ("<u2", 65534) if channel["bits"] == 16 else ("u1", 254)
    levels = np.frombuffer(data, dtype, int(np.prod(channel["dims"])), channel["at"])
    values = channel["low"] + levels / top * (channel["high"] - channel["low"])
    return np.where(levels > top, np.nan, values).reshape(channel["dims"])


def recorded(view, layer, name, position, step):
    """录好的一步，形状 (K, N)；沿某一维不变的数组只存了一份。"""
    array = decode(layer["channels"][name], view.data)
    index = [*position, 0 if layer["history"] else step]
    array = array[tuple(min(i, n - 1) for i, n in zip(index, array.shape, strict=False))]
    return array[:, [min(step, array.shape[1] - 1)]] if layer["history"] else array


def train(trainer, position):
    """现场训练一次，返回每一步的 ``[{通道: 数组}]`` 和最后一条答复。"""
    inbox, send = [], trainer.send
    trainer.send = lambda *message: inbox.append(message)

    def ask(content):
        trainer.receive(content)
        return inbox.pop()

    at = {h.name: 0 if h.slider is None else position[h.slider] for h in trainer.hyperparameters}
    raw = {
        h.name: h.values[at[h.name]] if h.numeric else at[h.name] for h in trainer.hyperparameters
    }
    try:
        answer, _ = ask({"type": "start", "id": "probe", "values": raw})
        steps = []
        while "outcome" not in answer:
            answer, buffers = ask({"type": "next", "id": "probe"})
            for layers in answer["steps"]:
                steps.append(
                    [{name: decode(c, buffers[0]) for name, c in x.items()} for x in layers]
                )
    finally:
        trainer.send = send
    return steps, answer


def compare(trainer):
    view = trainer.send.__self__
    spec, where = view.spec, view.spec["alt"]
    position = [getattr(view, f"axis_{i}") for i in range(len(spec["sliders"]))]
    steps, done = train(trainer, position)
    run = np.ravel_multi_index(position, spec["runs"]["dims"]) if position else 0
    expected = "diverged" if spec["runs"]["diverged"][run] else "done"
    assert done["outcome"] == expected, f"{where}：{done['text']}"
    assert len(steps) == spec["runs"]["values"][run], f"{where}：训练了 {len(steps)} 步"
    if "实测" in where:  # 计时的图每次都不同
        return
    for step, layers in enumerate(steps):
        for layer, channels in zip(spec["layers"], layers, strict=True):
            for name, array in channels.items():
                expected = recorded(view, layer, name, position, step)
                channel = layer["channels"][name]
                atol = (channel["high"] - channel["low"]) / 254 if channel["bits"] == 8 else 3e-4
                np.testing.assert_allclose(
                    array.reshape(expected.shape),
                    expected,
                    atol=1.01 * atol,
                    err_msg=f"{where}：{layer['type']} 的 {name}，第 {step} 步",
                )


trainers = [thing for thing in gc.get_objects() if type(thing) is Trainer]
wrong = []
for trainer in trainers:
    try:
        compare(trainer)
    except AssertionError as error:
        wrong.append(str(error))
assert trainers
assert not wrong, "\n\n".join(wrong)
