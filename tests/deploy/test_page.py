"""The page in a browser, with the function behind an API that is played and a real serve behind the function."""
import http.server
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import support
from test_handler import LABELS, TEXT, trained


class Gateway(http.server.BaseHTTPRequestHandler):
    """The page, and /v1/classify with the key "right" as API Gateway has it."""

    def do_GET(self):
        self.answer(200, {"Content-Type": "text/html"}, (support.DEPLOY / "page" / "index.html").read_bytes())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path != "/v1/classify" or self.headers["X-Api-Key"] != "right":
            return self.answer(403, {"Content-Type": "application/json"}, b'{"message": "Forbidden"}')
        if body in self.server.played:
            return self.answer(*self.server.played[body])
        answer = self.server.function(support.event(body, dict(self.headers)), None)
        self.answer(answer["statusCode"], answer["headers"], answer["body"].encode())

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Page(unittest.TestCase):
    def setUp(self):
        self.browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if not self.browser or not shutil.which("node"):
            print("\nSKIPPED: no Chromium or no node here; the page was not opened in a browser (apt-get install chromium nodejs)")
            raise unittest.SkipTest
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(lambda: (self.server.shutdown(), thread.join(), self.server.server_close()))

    def show(self, wishes):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            done = subprocess.run(["node", str(support.HERE / "page.js"), self.browser, f"http://127.0.0.1:{self.server.server_port}/", profile],
                                  input=json.dumps(wishes), capture_output=True, text=True, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_answers_are_shown_and_errors_are_errors(self):
        api = f"http://127.0.0.1:{self.server.server_port}/v1/classify"
        json_type = {"Content-Type": "application/json"}
        self.server.played = {
            "markup": (200, json_type, b'{"label": "<img src=x onerror=alert(1)>", "score": 0.5}'),
            "text for a label": (200, {"Content-Type": "text/plain"}, b"1"),
            "no score": (200, json_type, b'{"label": "POSITIVE"}'),
            "broken": (502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>"),
        }
        texts = [TEXT, "markup", "text for a label", "no score", "broken", "x" * 20001]
        wishes = [{"url": api, "key": "right", "text": text} for text in texts]
        wishes += [{"url": api, "key": "wrong", "text": TEXT}, {"url": "http://127.0.0.1:9/v1/classify", "key": "", "text": TEXT}]
        with tempfile.TemporaryDirectory() as root:
            trained(pathlib.Path(root))
            with support.serving(pathlib.Path(root) / "model") as url, support.handler(url) as module:
                self.server.function = module.handler
                result = self.show(wishes)
        shown = result["shown"]
        self.assertIn(shown[0]["label"], LABELS)
        self.assertIsNone(shown[0]["error"])
        self.assertEqual(shown[1]["label"], "<img src=x onerror=alert(1)>")
        self.assertEqual(len({item["elements"] for item in shown}), 1)
        for item, sentence in zip(shown[2:], ("", "without a label", "502", "413: the text has 20001 bytes", "403: Forbidden", "could not be reached")):
            self.assertIsNone(item["label"], item)
            self.assertTrue(item["error"], item)
            self.assertIn(sentence, item["error"])
        self.assertNotIn("Content Security Policy", " ".join(result["said"]))


if __name__ == "__main__":
    unittest.main()
