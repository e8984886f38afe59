"""下载的笔记本的第一格：在别人的电脑上，一个空文件夹里，装好自带的辅助包或说清楚为什么不行。

除了第一个测试，自带的都是一个只有几行的辅助包：第一格的每一步照样走到，又不必等 torch 导入。
"""

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from theme.downloads import helper_wheel
from theme.first_cell import download_cell

ROOT = Path(__file__).resolve().parents[2]
PACKED = ".draggable_ml_"
SHELL = """
import sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell(colors="nocolor")
cells = [Path(name).read_text(encoding="utf-8") for name in sys.argv[1:]]
sys.argv[1:] = []
sys.exit(not all([shell.run_cell(cell).success for cell in cells]))
"""


class Machine:
    """一台别人的电脑：自己的 Python 环境、自己的个人文件夹，没有网络。"""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", with_pip=False)
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.python = folder / "venv" / scripts / "python"
        base = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
        self.packages = Path(sysconfig.get_path("purelib", "venv", base))
        # 这本书的环境里的包都在，以可编辑方式装上的 utils 不在：那要读它的 .pth 才找得到
        borrowed = sysconfig.get_path("purelib")
        (self.packages / "borrowed.pth").write_text(borrowed + "\n", encoding="utf-8")
        self.temp = folder / "temp"
        self.temp.mkdir()
        self.environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {
            "HOME": str(folder),
            "IPYTHONDIR": str(folder / "ipython"),
            "TMPDIR": str(self.temp),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONUTF8": "1",
        }
        # 慢机器上第一次导入 matplotlib 会多说一行“正在建字体缓存”
        fonts = [self.python, "-c", "import matplotlib.font_manager"]
        subprocess.run(fonts, env=self.environment, check=True, capture_output=True)

    def run(self, folder: Path, *cells: str, **environment: str) -> tuple[bool, str]:
        """在 ``folder`` 里用 IPython 依次运行这些单元格：都成功了没有，读者看见什么。"""
        scripts = folder.parent / f"{folder.name}-cells"
        scripts.mkdir(exist_ok=True)
        files = [scripts / f"{i}.py" for i in range(len(cells))]
        for file, cell in zip(files, cells, strict=True):
            file.write_text(cell, encoding="utf-8")
        done = subprocess.run(
            [self.python, "-c", SHELL, *files],
            cwd=folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        return done.returncode == 0, done.stdout.strip()


@pytest.fixture(scope="session")
def machine(tmp_path_factory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def folder(tmp_path) -> Path:
    """读者放笔记本的文件夹。"""
    place = tmp_path / "下载 的"
    place.mkdir()
    return place


def small_cell(tmp_path: Path, *dependencies: str, python: str = ">=3.11") -> str:
    """自带一个很小的辅助包的第一格。"""
    root = tmp_path / "helper"
    (root / "utils").mkdir(parents=True)
    project = f'[project]\nname = "draggable-ml"\nversion = "1"\nrequires-python = "{python}"\n'
    project += f"dependencies = {['packaging>=1', *dependencies]}\n"  # packaging 哪里都有
    (root / "pyproject.toml").write_text(project, encoding="utf-8")
    code = '"""《可拖动的机器学习》的辅助包。"""\n\n\ndef setup(seed): print("种子", seed)\n'
    (root / "utils" / "__init__.py").write_text(code, encoding="utf-8")
    return download_cell(helper_wheel(root))


WHERE = "import utils; print(utils.__file__)"


def packed(folder: Path) -> dict[str, int]:
    """解到这个文件夹里的文件和它们的时间；导入时写的字节码不算。"""
    files = (p for p in folder.glob(f"{PACKED}*/**/*") if p.is_file() and p.suffix != ".pyc")
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in files}


def test_the_helper_of_the_book_works_from_the_file_alone(machine, folder):
    """用真的辅助包：导入得了，正文的语料和图的脚本都带着，别处一个文件也不写。"""
    use = "assert len(load('prose').texts) > 1_000\nprint(utils.__file__)"
    cell = download_cell(helper_wheel(ROOT))
    success, said = machine.run(folder, cell, f"import utils\nfrom utils import load\n{use}")
    assert success, said
    assert Path(said).is_relative_to(folder) and len(said.splitlines()) == 1
    names = {name.split("/", 1)[1] for name in packed(folder)}
    assert {"utils/data/prose.txt", "utils/explorer/view.js"} <= names
    assert not any(machine.temp.glob(f"{PACKED}*"))


def test_a_second_run_unpacks_nothing(machine, folder, tmp_path):
    cell = small_cell(tmp_path)
    assert machine.run(folder, cell, cell) == (True, "种子 0\n种子 0")
    before = packed(folder)
    assert machine.run(folder, cell) == (True, "种子 0")
    assert before and packed(folder) == before


def test_what_was_unpacked_and_then_changed_is_not_used(machine, folder, tmp_path):
    cell = small_cell(tmp_path)
    assert machine.run(folder, cell)[0]
    (file,) = folder.glob(f"{PACKED}*/utils/__init__.py")
    file.write_text("raise SystemError('改坏了')", encoding="utf-8")
    assert machine.run(folder, cell) == (True, "种子 0")


def test_a_folder_that_cannot_be_written(machine, folder, tmp_path):
    """由 os 的函数报错：管理员不受权限限制，改权限的测试在他那里什么也试不出来。"""
    deny = f"""
import os
def guard(change):
    def guarded(*paths, **words):
        if any(str(path).startswith({str(folder)!r}) for path in paths):
            raise PermissionError(13, "Permission denied", *paths)
        return change(*paths, **words)
    return guarded
os.mkdir, os.rename = guard(os.mkdir), guard(os.rename)
"""
    success, said = machine.run(folder, deny, small_cell(tmp_path), WHERE)
    assert success, said
    assert Path(said.splitlines()[-1]).is_relative_to(machine.temp)
    assert not any(folder.iterdir())


def test_a_file_where_the_folder_should_be(machine, folder, tmp_path):
    cell = small_cell(tmp_path)
    assert machine.run(folder, cell)[0]
    (target,) = folder.glob(f"{PACKED}*")
    target.rename(tmp_path / "away")
    target.write_text("", encoding="utf-8")
    assert machine.run(folder, cell) == (True, "种子 0")


FOREIGN = {"一个文件": "utils.py", "一个包": "utils/__init__.py", "没有初始化的": "utils/x.py"}


@pytest.fixture(params=[*FOREIGN, "装在环境里的"])
def foreign(request, machine, folder, tmp_path):
    """一个不是本书的 utils；给出它的位置和让它生效的环境变量。"""
    installed = request.param not in FOREIGN
    root = tmp_path / "site" if installed else folder
    file = root / FOREIGN.get(request.param, "utils/__init__.py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("", encoding="utf-8")
    pth = machine.packages / "foreign.pth"
    if installed:
        pth.write_text(f"{root}\n", encoding="utf-8")
    yield file.parent if file.name == "x.py" else file
    pth.unlink(missing_ok=True)


def test_a_foreign_utils_in_the_way_is_named_and_passed_by(machine, folder, tmp_path, foreign):
    success, said = machine.run(folder, small_cell(tmp_path), WHERE)
    assert success, said
    sentence, seed, where = said.splitlines()
    assert str(foreign) in sentence and "同名" in sentence and seed == "种子 0"
    assert Path(where).parent.parent.name.startswith(PACKED)


def test_a_foreign_utils_already_imported_asks_for_a_restart(machine, folder, tmp_path, foreign):
    success, said = machine.run(folder, "import utils", small_cell(tmp_path))
    assert not success
    (sentence,) = said.splitlines()
    assert str(foreign) in sentence and "重启内核" in sentence


@pytest.mark.parametrize("damage", [("WHEEL = ", 'WHEEL = "QUJD" '), ('WHEEL = "U', 'WHEEL = "')])
def test_a_damaged_file_asks_for_another_download(machine, folder, tmp_path, damage):
    damaged = small_cell(tmp_path).replace(*damage, 1)
    success, said = machine.run(folder, damaged)
    assert not success
    assert len(said.splitlines()) == 1 and "重新下载" in said
    assert not any(folder.iterdir())


def test_a_missing_package_is_installed_from_the_index(machine, folder, tmp_path):
    """这个包只在测试自己做的文件夹里有：装上了，就是第一格装的。"""
    links = tmp_path / "index"
    (links / "source" / "utils").mkdir(parents=True)
    project = '[project]\nname = "draggable-probe"\nversion = "2"\n'
    project += 'requires-python = ">=3"\ndependencies = []\n'
    (links / "source" / "pyproject.toml").write_text(project, encoding="utf-8")
    wheel = links / "draggable_probe-2-py3-none-any.whl"
    wheel.write_bytes(helper_wheel(links / "source"))
    cell = small_cell(tmp_path, "draggable-probe>=2")
    success, said = machine.run(folder, cell, PIP_FIND_LINKS=links.as_uri())
    assert (success, said) == (True, "正在安装 draggable-probe>=2\n种子 0")
    assert machine.run(folder, cell) == (True, "种子 0")  # 已经装上，不再找 pip


def test_without_a_network_every_missing_package_is_named(machine, folder, tmp_path):
    cell = small_cell(tmp_path, "draggable-none>=3", "numpy>=900")
    success, said = machine.run(folder, cell)
    assert not success
    _, sentence = said.splitlines()
    assert "没有装上 draggable-none>=3、numpy>=900：请检查网络" in sentence
    assert "No matching distribution" in sentence and "packaging" not in sentence


def test_a_python_too_old_is_named(machine, folder, tmp_path):
    success, said = machine.run(folder, small_cell(tmp_path, python=">=99"))
    assert not success
    assert len(said.splitlines()) == 1 and "本书要 Python >=99" in said
