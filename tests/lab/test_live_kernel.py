"""没有浏览器的一头：每条消息都在它回答的那条请求里离开内核，在主线程和 subshell 里都是。

Colab 只送达这样的消息；JupyterLab 把小部件的消息交给内核的 subshell。
"""

import time

import pytest
from jupyter_client.manager import start_new_kernel

FIGURE = """
import random, time
import matplotlib.pyplot as plt
import numpy as np
from utils import Line, explore, setup, sweep
setup(seed=0)

def train(lr):
    rng = np.random
    rng.seed(1)
    w = 1.0
    for _ in range(40):
        yield {"w": w, "noise": rng.rand()}
        w -= lr * w
        time.sleep(pause)

pause = 0
fig, ax = plt.subplots()
ax.set(xlim=(0, 40), ylim=(0, 1))
figure = explore(sweep(train, lr=[0.01, 0.1]), fig, [Line("w"), Line("noise")], alt="图")
pause = 0.02
print(figure.children[1].comm.comm_id)
"""


class Kernel:
    def __init__(self, client):
        self.client = client
        self.comm = self.execute(FIGURE).strip()

    def execute(self, code):
        """运行一段代码，返回它印出的文字；忙的机器上，一行也会分成几条消息送来。"""
        texts = []

        def keep(message):
            if message["msg_type"] == "stream":
                texts.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, output_hook=keep, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(texts)

    def send(self, content, subshell=None):
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": self.comm, "data": data})
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def ask(self, content, subshell=None):
        """发一条消息，收齐这条请求从 busy 到 idle 的全部消息；别的请求名下不许有小部件的消息。"""
        request, mine = self.send(content, subshell), []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            kind, parent = message["msg_type"], message["parent_header"].get("msg_id")
            if kind == "comm_msg":
                assert parent == request, "这条消息不在它回答的请求里"
            if parent == request:
                mine.append(message)
                if kind == "status" and message["content"]["execution_state"] == "idle":
                    break
        kinds = [m["msg_type"] for m in mine]
        assert kinds == ["status", "comm_msg", "status"], kinds
        return mine[1]["content"]["data"]["content"]

    def quiet(self, seconds):
        """这么久没有人问，就一条小部件的消息也没有。"""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self.client.get_iopub_msg(timeout=left)
            except Exception:  # queue.Empty：没有消息，正是要的
                return
            assert message["msg_type"] != "comm_msg"


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
    yield Kernel(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture(params=["main", "subshell"])
def subshell(request, kernel):
    if request.param == "main":
        return None
    client = kernel.client
    client.control_channel.send(client.session.msg("create_subshell_request", {}))
    reply = client.get_control_msg(timeout=30)
    if reply["content"].get("status") != "ok":
        pytest.skip("这个内核没有 subshell")
    return reply["content"]["subshell_id"]


def test_every_message_leaves_inside_the_request_it_answers(kernel, subshell):
    assert kernel.ask({"type": "hello", "view": "v"}, subshell)["type"] == "ready"
    assert kernel.ask({"type": "dance"}, subshell)["type"] == "unknown"
    start = {"type": "start", "id": "a", "values": {"lr": 0.05}}
    assert kernel.ask(start, subshell)["type"] == "started"
    sizes, answer = [], {}
    while "outcome" not in answer:
        kernel.quiet(0.2)
        answer = kernel.ask({"type": "next", "id": "a"}, subshell)
        sizes.append(len(answer["steps"]))
    assert answer["outcome"] == "done"
    assert sum(sizes) == 40 and len(sizes) > 3


def test_the_kernels_random_state_is_as_before(kernel, subshell):
    kernel.execute("np.random.seed(5); random.seed(5)")
    expected = kernel.execute("print(np.random.rand(), random.random())")
    kernel.execute("np.random.seed(5); random.seed(5)")
    kernel.ask({"type": "start", "id": "b", "values": {"lr": 0.05}}, subshell)
    kernel.ask({"type": "next", "id": "b"}, subshell)
    assert kernel.execute("print(np.random.rand(), random.random())") == expected


def test_a_running_cell_is_not_disturbed(kernel, subshell):
    """单元格正在运行：主线程里的请求排队，subshell 里的先答复“正忙”；都不会同时训练。"""
    if subshell is None:
        pytest.skip("主线程里的请求本来就要排队")
    kernel.ask({"type": "start", "id": "c", "values": {"lr": 0.05}}, subshell)
    kernel.client.execute("time.sleep(3)")
    time.sleep(0.5)
    assert kernel.ask({"type": "next", "id": "c"}, subshell) == {"type": "busy", "id": "c"}
    kernel.client.get_shell_msg(timeout=30)
    assert kernel.ask({"type": "next", "id": "c"}, subshell)["steps"]
