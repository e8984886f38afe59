"""测试用的本机网站：真实的 HTTP 服务器，按需要回答得正确、残缺、错误。"""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror:
    """本机的一个镜像。``serve(handler, 内容)`` 决定它怎样回答，默认如实回答。"""

    def __init__(self, content: dict[str, bytes], serve=None):
        self.requests: list[str] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/", 1)[-1]
                mirror.requests.append(name)
                (serve or honest)(self, content[name])

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sub/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def honest(handler, content, **headers):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def corrupted(handler, content):
    honest(handler, content[:-1] + bytes([content[-1] ^ 1]))


def login_page(handler, content):
    honest(handler, b"<html>please log in</html>", Content_Type="text/html")


def interrupted(handler, content):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def cut_without_length(handler, content):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def not_found(handler, content):
    handler.send_error(404)


def labelled_as_encoded(handler, content):
    honest(handler, content, Content_Encoding="x-gzip")


def dead_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"
