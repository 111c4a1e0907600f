"""deploy.sh with the real AWS CLI, against a SageMaker that is played over HTTP: options, queries and errors as the CLI has them."""
import http.server
import json
import os
import tempfile
import threading
import unittest

import models
import support

CLI = "/usr/bin/aws"
NO_STACK = ("<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id news-web does not exist"
            "</Message></Error><RequestId>1</RequestId></ErrorResponse>")


class Control(http.server.BaseHTTPRequestHandler):
    """What exists is the server's set of (kind, name)."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target is None:
            return self.answer(400, NO_STACK, "text/xml")
        operation = target.split(".")[1]
        request = json.loads(body)
        self.server.asked.append(operation)
        self.server.problems += models.problems("sagemaker", operation, request)
        self.answer(*self.result(operation, request), "application/x-amz-json-1.1")

    def result(self, operation, request):
        verb = next(v for v in ("Create", "Describe", "Delete", "List") if operation.startswith(v))
        kind = operation[len(verb):]
        there = self.server.there
        if verb == "List":
            kind = kind[:-1]
            names = [name for k, name in there if k == kind and request["NameContains"] in name and "InProgress" not in request.values()]
            key = kind + ("Summaries" if kind.endswith("Job") else "s")
            # in two pages, as long lists come
            first = "NextToken" not in request
            page = {key: [{kind + "Name": name} for name in (names[:1] if first else names[1:])]}
            return 200, json.dumps({**page, **({"NextToken": "t"} if first and len(names) > 1 else {})})
        item = (kind, request[kind + "Name"])
        if verb == "Create":
            there.append(item)
            return 200, json.dumps({kind + "Arn": f"arn:aws:sagemaker:eu-west-1:123456789012:{kind.lower()}/{item[1]}"})
        if item not in there:
            return 400, json.dumps({"__type": "ValidationException", "message": f'Could not find {kind.lower()} "arn:{item[1]}".'})
        if verb == "Delete":
            there.remove(item)
            return 200, ""
        return 200, json.dumps({kind + "Status": "InService" if kind == "Endpoint" else "Completed",
                                "ModelArtifacts": {"S3ModelArtifacts": f"s3://a-bucket/{item[1]}/model.tar.gz"}})

    def answer(self, status, text, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.access(CLI, os.X_OK):
            print("\nSKIPPED: no AWS CLI here; deploy.sh was not tried with it (apt-get install awscli)")
            raise unittest.SkipTest

    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Control)
        self.server.there, self.server.asked, self.server.problems = [], [], []
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(lambda: (self.server.shutdown(), thread.join(), self.server.server_close()))

    def works(self, *words):
        with tempfile.TemporaryDirectory() as home:
            done = support.run(*words, "POLL_SECONDS=0", "--endpoint-url", f"http://127.0.0.1:{self.server.server_port}", environment={
                "HOME": home, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_train_deploy_delete(self):
        job = "news-" + support.STAMP
        self.assertEqual(self.works("train"), f"MODEL_DATA=s3://a-bucket/{job}/model.tar.gz\n")
        others = [("Model", "news-b-261121-101112"), ("EndpointConfig", "my-news-261121-101112"), ("TrainingJob", "news-b-261121-101112")]
        self.server.there[:0] = others
        self.assertIn("is in service", self.works("deploy"))
        self.assertIn(("Endpoint", "news"), self.server.there)
        self.assertIn("Left", self.works("delete"))
        self.assertEqual(self.server.there, others + [("TrainingJob", job)])
        self.assertEqual(self.server.problems, [])
        self.assertIn("CreateEndpointConfig", self.server.asked)


if __name__ == "__main__":
    unittest.main()
