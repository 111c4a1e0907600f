"""boto3 against serve: PORT from the environment."""
import json
import os
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client(
    "sagemaker-runtime", region_name="us-east-1", endpoint_url="http://127.0.0.1:" + os.environ["PORT"],
    aws_access_key_id="test", aws_secret_access_key="test", config=Config(retries={"max_attempts": 0}))
LABELS = {"Business", "Science & Technology", "Entertainment", "Health & Medicine"}


class InvokeEndpoint(unittest.TestCase):
    def test_a_request_is_answered(self):
        answer = client.invoke_endpoint(
            EndpointName="news", ContentType="application/json", Body=b'{"instances": ["Bank profit falls", "New film"]}')
        self.assertEqual(answer["ContentType"], "application/json")
        self.assertEqual(answer["InvokedProductionVariant"], "AllTraffic")
        predictions = json.loads(answer["Body"].read())["predictions"]
        self.assertEqual(len(predictions), 2)
        for prediction in predictions:
            self.assertIn(prediction["label"], LABELS)

    def test_accept_is_heard(self):
        answer = client.invoke_endpoint(EndpointName="news", ContentType="text/csv", Accept="text/plain", Body=b"a\nb\n")
        self.assertEqual(answer["ContentType"], "text/plain")
        self.assertEqual(len(answer["Body"].read().splitlines()), 2)

    def test_no_line_is_no_answer(self):
        answer = client.invoke_endpoint(EndpointName="news", ContentType="text/csv", Body=b"")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.assertEqual(answer["Body"].read(), b"")

    def test_custom_attributes_come_back(self):
        answer = client.invoke_endpoint(
            EndpointName="news", ContentType="application/json", Body=b'{"instances": ["x"]}',
            CustomAttributes="trace=1;who=me", InferenceId="id-1")
        self.assertEqual(answer["CustomAttributes"], "trace=1;who=me")

    def test_a_failure_is_a_model_error_with_a_sentence(self):
        for content_type, status, words in (("application/json", 400, "this is not JSON"), ("image/png", 415, "image/png")):
            with self.assertRaises(client.exceptions.ModelError) as caught:
                client.invoke_endpoint(EndpointName="news", ContentType=content_type, Body=b'{"instances": [')
            response = caught.exception.response
            self.assertEqual(response["OriginalStatusCode"], status)
            self.assertIn(words, str(caught.exception))
            self.assertIn("ModelError", str(caught.exception))
            self.assertEqual(json.loads(response["OriginalMessage"])["error"]["code"], status)

    def test_an_unknown_path_is_an_error(self):
        with self.assertRaises(ClientError) as caught:
            client.invoke_endpoint_async(EndpointName="news", InputLocation="s3://bucket/key")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 404)


if __name__ == "__main__":
    unittest.main()
