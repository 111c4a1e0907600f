"""The function between API Gateway and the endpoint, against a real serve."""
import base64
import contextlib
import io
import json
import pathlib
import tempfile
import unittest

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

import support
from test_recipes import lay_out, part

LABELS = {"Business", "Science & Technology", "Entertainment", "Health & Medicine"}
TEXT = "Calcium supplements may raise risk of heart disease"


def trained(root):
    """A model of the recipe news in root/model."""
    lay_out(root, "news")
    done = support.train(root, part("news", "hyperparameters"), part("news", "channels"))
    assert done.returncode == 0, done.stderr


class Played:
    """A client whose every call ends the same way."""

    def __init__(self, error=None, body=b""):
        self.error, self.body, self.calls = error, body, 0

    def invoke_endpoint(self, **request):
        self.calls += 1
        if self.error:
            raise self.error
        return {"Body": io.BytesIO(self.body)}


def client_error(code, **more):
    return ClientError({"Error": {"Code": code, "Message": "secret"}, **more}, "InvokeEndpoint")


class Function(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        root = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory()))
        trained(root)
        cls.url = cls.stack.enter_context(support.serving(root / "model"))

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def ask(self, body, headers=None, is_base64=False, client=None, **environment):
        """The answer, and what went into the log."""
        log = io.StringIO()
        with support.handler(self.url, **environment) as module, contextlib.redirect_stdout(log):
            if client is not None:
                module.runtime = client
            answer = module.handler(support.event(body, headers, is_base64), None)
        self.assertEqual(set(answer), {"statusCode", "headers", "body"})
        self.assertEqual(answer["headers"]["Cache-Control"], "no-store")
        return answer, log.getvalue()

    def refused(self, status, *arguments, says="", **options):
        answer, log = self.ask(*arguments, **options)
        self.assertEqual(answer["statusCode"], status)
        self.assertEqual(answer["headers"]["Content-Type"], "application/json")
        self.assertIn(says, json.loads(answer["body"])["error"])
        return answer, log

    def test_a_text_is_answered_with_its_label(self):
        for headers in (None, {}, {"Content-Type": "text/plain;charset=UTF-8"}, {"content-type": "Text/Plain", "accept": "*/*"}):
            answer, log = self.ask(TEXT, headers)
            self.assertEqual((answer["statusCode"], answer["headers"]["Content-Type"]), (200, "text/plain; charset=utf-8"))
            self.assertIn(answer["body"], LABELS)
            self.assertEqual(log, "")

    def test_json_is_answered_to_who_accepts_it(self):
        answer, _ = self.ask(TEXT, {"Accept": "application/json"})
        best = json.loads(answer["body"])
        self.assertEqual(set(best), {"label", "score"})
        self.assertIn(best["label"], LABELS)
        self.assertTrue(0 < best["score"] <= 1)

    def test_base64_is_the_same_text(self):
        text = "Überraschung: „Börse“ fällt,\n\"so\" {tief} 😀 wie nie"
        plain, _ = self.ask(text, {"Accept": "application/json"})
        packed, _ = self.ask(base64.b64encode(text.encode()).decode(), {"Accept": "application/json"}, is_base64=True)
        self.assertEqual(plain["statusCode"], 200)
        self.assertEqual(packed, plain)

    def test_what_is_no_text_is_refused(self):
        for body in (None, "", " \r\n\t "):
            self.refused(400, body, says="empty")
        self.refused(400, "%%%", is_base64=True, says="UTF-8")
        self.refused(400, base64.b64encode(b"\xff\xfe").decode(), is_base64=True, says="UTF-8")
        self.refused(400, "\ud800", says="UTF-8")
        self.refused(415, '{"text": "x"}', {"Content-Type": "application/json"}, says="text/plain")

    def test_length_is_limited_in_bytes(self):
        client = Played(body=b'{"predictions": [{"label": "x", "score": 1}]}')
        self.assertEqual(self.ask("é" * 10, client=client, MAX_BYTES="20")[0]["statusCode"], 200)
        self.refused(413, "é" * 10 + "a", client=client, MAX_BYTES="20", says="21 bytes, 20 at most")
        self.refused(413, base64.b64encode(b"a" * 21).decode(), is_base64=True, client=client, MAX_BYTES="20")
        self.refused(413, "a" * 20001, client=client)
        self.assertEqual(client.calls, 1)

    def test_a_failing_model_is_an_error_with_a_status(self):
        with tempfile.TemporaryDirectory() as empty, support.serving(empty) as url:
            _, log = self.refused(503, TEXT, RUNTIME_URL=url, says="try later")
            self.assertNotIn("Calcium", log)
            self.assertIn("error", json.loads(log))
        for status, error in ((502, client_error("ModelError", OriginalStatusCode=500)), (502, client_error("ValidationError")),
                              (503, client_error("ModelError", OriginalStatusCode=503)), (503, client_error("ServiceUnavailable")),
                              (503, client_error("ModelNotReadyException")), (503, client_error("ThrottlingException")),
                              (502, EndpointConnectionError(endpoint_url="x")), (504, ReadTimeoutError(endpoint_url="x"))):
            answer, log = self.refused(status, TEXT, client=Played(error))
            self.assertNotIn("secret", answer["body"] + log)
        for body in (b"", b"<html>", b"[]", b'{"predictions": []}', b'{"predictions": [{"label": "x"}]}', b"null", b"\xff"):
            self.refused(502, TEXT, client=Played(body=body))

    def test_a_page_is_named_or_none_is(self):
        self.assertNotIn("Access-Control-Allow-Origin", self.ask(TEXT)[0]["headers"])
        for body in (TEXT, ""):
            headers = self.ask(body, ALLOWED_ORIGIN="https://example.org")[0]["headers"]
            self.assertEqual((headers["Access-Control-Allow-Origin"], headers["Vary"]), ("https://example.org", "Origin"))

    def test_an_unknown_endpoint_is_not_found_by_the_name_alone(self):
        self.refused(502, TEXT, RUNTIME_URL="http://127.0.0.1:9", ENDPOINT_NAME="other")


if __name__ == "__main__":
    unittest.main()
