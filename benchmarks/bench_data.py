"""软件源里的语料与模型：真的下载一次，再从缓存读一次，各要多久、占多少内存。

每个数据集在自己的进程里量，缓存用空的临时文件夹，测完删掉。下载的时间只供参考，没有预算；
从缓存读的是 CPU 时间，别的程序在算时也不变。reviews 和 tagged_words 用同一份压缩包，只下载一次。
"""

import json
import subprocess
import sys
import tempfile

SECONDS, GIGABYTES = 10, 2

EXPECTED = {
    "reviews": "Texts「中文评论」17363 段、1274481 字 → 2 类",
    "tagged_words": "TaggedSentences「带词性的报纸」19484 句、1121447 个词",
    "minilm": "Pretrained「MiniLM（all-MiniLM-L6-v2）」22.7 百万个参数、30522 个词元",
    "smollm2": "Pretrained「SmolLM2-135M-Instruct」134.5 百万个参数、49152 个词元",
}

_MEASURE = """
import json, resource, sys, time
from utils import load
name, folder = sys.argv[1:]
start = time.perf_counter()
load(name, cache_dir=folder, progress=False)
middle, cpu = time.perf_counter(), time.process_time()
found = load(name, cache_dir=folder, progress=False)
cpu = time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([repr(found), middle - start, cpu, peak]))
"""


def measure(name: str, folder: str) -> tuple[str, float, float, float]:
    """返回记录的 repr、下载并读的秒数、再读一次的 CPU 秒数、最多占的 GB。

    读不成时抛出 RuntimeError。
    """
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, name, folder], capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    found, first, second, peak = json.loads(done.stdout)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS 以字节计，Linux 以 KiB 计
    return found, first, second, peak * unit / 1e9


def run() -> list[dict]:
    """每个数据集一行。键是 what、budget、figure、ok。"""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, expected in EXPECTED.items():
            row = {
                "what": f'load("{name}")，从缓存读的 CPU 时间与内存',
                "budget": f"{SECONDS} s，{GIGABYTES} GB",
            }
            try:
                found, first, second, peak = measure(name, folder)
            except RuntimeError as error:
                rows.append(row | {"figure": f"没有读成：{error}", "ok": False})
                continue
            figure = f"{second:.1f} s，{peak:.2f} GB（第一次 {first:.1f} s）"
            ok = found == expected and second <= SECONDS and peak <= GIGABYTES
            rows.append(row | {"figure": figure, "ok": ok})
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
