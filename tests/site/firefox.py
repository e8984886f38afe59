"""用 WebDriver BiDi 直接驱动 Firefox：打开网页、运行脚本、动鼠标。

playwright 要的几条命令，长期支持版的 Firefox 还没有；用到的这几条，写出来比多装一个驱动程序短。
"""

import itertools
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

NAMES = ("firefox-esr", "firefox")
START_S, ANSWER_S = 120, 120  # 只防卡死
PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.proxy.type": 0,
    "remote.active-protocols": 1,
}


def find_firefox() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """一个窗口。``evaluate`` 的返回值经过 JSON。"""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=ANSWER_S, suppress_origin=True)
        self._ids = itertools.count(1)
        self._send("session.new", capabilities={})
        self._tab = self._send("browsingContext.create", type="tab")["context"]

    def _send(self, method: str, **params: Any) -> dict:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv())).get("id") != number:
            pass  # 别的消息是事件
        if answer["type"] == "error":
            raise RuntimeError(f"{method}：{answer['error']} {answer['message']}")
        return answer["result"]

    def before_scripts(self, script: str) -> None:
        """在网页自己的脚本之前运行。"""
        self._send("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")

    def goto(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        wrapped = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        target = {"context": self._tab}
        answer = self._send("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """按住鼠标从一点拖到另一点，松开；两点相同就是点一下。"""
        move = [{"type": "pointerMove", "x": round(x), "y": round(y)} for x, y in (start, end)]
        press, release = ({"type": f"pointer{way}", "button": 0} for way in ("Down", "Up"))
        mouse = {"type": "pointer", "id": "mouse", "actions": [move[0], press, move[1], release]}
        self._send("input.performActions", context=self._tab, actions=[mouse])

    def close(self) -> None:
        self._socket.close()


@contextmanager
def launch() -> Iterator[Firefox]:
    """启动一个不显示窗口的 Firefox，用过即弃。"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items())
        Path(profile, "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [find_firefox(), "--headless", "--no-remote", "--profile", profile]
        process = subprocess.Popen(
            [*command, "--remote-debugging-port=0", "--width=1280", "--height=800"],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            found = (re.search(r"listening on (ws://\S+)", line) for line in process.stderr)
            firefox = Firefox(f"{next(filter(None, found))[1]}/session")
            yield firefox
            firefox.close()
        finally:
            process.terminate()
            process.wait(30)
