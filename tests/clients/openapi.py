"""/openapi.json against the server that wrote it: PORT from the environment. Needs python3-jsonschema."""
import json
import os
import unittest
import urllib.error
import urllib.request

from jsonschema import Draft202012Validator, RefResolver

BASE = "http://127.0.0.1:" + os.environ["PORT"]


def ask(path, body=None, content_type="application/json"):
    """Status, Content-Type and body of an answer."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + path, data=data, headers={"Content-Type": content_type} if data is not None else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers.get("Content-Type"), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Content-Type"), error.read()


DOCUMENT = json.loads(ask("/openapi.json")[2])
SCHEMAS = DOCUMENT["components"]["schemas"]


def validator(name):
    return Draft202012Validator(
        {"$ref": "#/components/schemas/" + name}, resolver=RefResolver("", DOCUMENT))


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class Document(unittest.TestCase):
    def test_it_has_what_openapi_asks_for(self):
        self.assertRegex(DOCUMENT["openapi"], r"^3\.1\.\d+$")
        self.assertLessEqual({"title", "version"}, set(DOCUMENT["info"]))
        ids = []
        for path, item in DOCUMENT["paths"].items():
            self.assertTrue(path.startswith("/"))
            for method, operation in item.items():
                self.assertIn(method, ("get", "post", "put", "delete"))
                self.assertGreaterEqual(len(operation["responses"]), 1)
                ids.append(operation["operationId"])
                places = {(p["in"], p["name"]) for p in operation.get("parameters", [])}
                self.assertEqual({p for p in places if p[0] != "query"}, {("path", "name")} if "{name}" in path else set())
                for response in operation["responses"].values():
                    self.assertIn("description", response)
        self.assertEqual(len(ids), len(set(ids)))

    def test_models_by_name_are_not_served_here(self):
        self.assertNotIn("/models", DOCUMENT["paths"])

    def test_every_reference_leads_somewhere(self):
        found = list(references(DOCUMENT))
        self.assertGreater(len(found), 20)
        for reference in found:
            self.assertIn(reference.removeprefix("#/components/schemas/"), SCHEMAS)

    def test_every_schema_is_one(self):
        for name, schema in SCHEMAS.items():
            with self.subTest(name):
                Draft202012Validator.check_schema(schema)

    def test_labels_are_the_models(self):
        model = json.loads(ask("/v2/models/default")[2])
        self.assertEqual(SCHEMAS["Label"]["enum"], model["outputs"][1]["parameters"]["labels"])

    def test_media_types_are_read_and_written(self):
        operation = DOCUMENT["paths"]["/invocations"]["post"]
        for content_type in operation["requestBody"]["content"]:
            self.assertNotEqual(ask("/invocations", '{"instances": ["x"]}', content_type)[0], 415)
        self.assertIn("text/csv", operation["requestBody"]["content"])
        self.assertIn("application/jsonlines", operation["responses"]["200"]["content"])


class Answers(unittest.TestCase):
    """What is asked and answered is what the document says."""

    def exchange(self, path, method, body=None, status=200):
        operation = DOCUMENT["paths"][path][method]
        got, content_type, answer = ask(path.replace("{name}", "default"), body)
        self.assertEqual(got, status, answer)
        response = operation["responses"].get(str(status)) or operation["responses"]["default"]
        schema = response["content"][content_type]["schema"]["$ref"].rpartition("/")[2]
        validator(schema).validate(json.loads(answer))
        if body is not None and status == 200:
            takes = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            validator(takes).validate(body)
        return json.loads(answer)

    def test_invocations(self):
        for body in ({"input": "Bank profit"}, {"input": ["a", "b"]}, {"instances": ["a", {"text": "b"}, ["c"]]},
                     {"instances": ["a"], "probabilities": True}, {"inputs": "a"}, "a", ["a", "b"],
                     {"instances": ["a"], "k": 2, "explain": 1}, {"inputs": "a", "parameters": {"top_k": None}}):
            with self.subTest(body):
                self.exchange("/invocations", "post", json.dumps(body) if isinstance(body, str) else body)
        top = self.exchange("/invocations", "post", {"instances": ["a"], "configuration": {"k": 2}})["predictions"][0]["top"]
        self.assertEqual(len(top), 2)
        self.assertFalse(validator("Prediction").is_valid({"label": top[0]["label"], "score": 0.5, "top": [{"label": "none"}]}))
        self.exchange("/invocations", "post", {"instances": [1]}, 400)

    def test_styles(self):
        body = json.dumps({"instances": ["a", "b"], "k": 2})
        for style, name in (("textml", "Predictions"), ("blazingtext", "BlazingText"), ("huggingface", "HuggingFace")):
            with self.subTest(style):
                answer = ask("/invocations?style=" + style, body)[2]
                validator(name).validate(json.loads(answer))
                for other in {"Predictions", "BlazingText", "HuggingFace"} - {name}:
                    self.assertFalse(validator(other).is_valid(json.loads(answer)))

    def test_wishes_may_stand_in_the_query(self):
        for path in ("/invocations", "/endpoints/any/invocations"):
            wishes = {wish["name"]: wish["schema"] for wish in DOCUMENT["paths"][path.replace("any", "{name}")]["post"]["parameters"]
                      if wish["in"] == "query"}
            self.assertEqual(set(wishes), {"k", "probabilities", "explain", "style"})
            self.assertEqual(set(wishes["style"]["enum"]), {"textml", "blazingtext", "huggingface"})
            for wish in wishes:
                with self.subTest((path, wish)):
                    self.assertIn(ask(path + "?" + wish + "=none", {"instances": ["a"]})[0], (400, 424))

    def test_a_body_without_text_has_its_answer(self):
        status = ask("/invocations", "", "text/plain")[0]
        self.assertEqual(status, 204)
        self.assertIn(str(status), DOCUMENT["paths"]["/invocations"]["post"]["responses"])

    def test_endpoints(self):
        self.exchange("/endpoints/{name}/invocations", "post", {"instances": [1]}, 424)
        self.exchange("/endpoints/{name}/invocations", "post", {"instances": ["a"]})

    def test_inference_protocol(self):
        tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]}
        self.exchange("/v2/models/{name}/infer", "post", {"id": "1", "inputs": [tensor]})
        self.exchange("/v2/models/{name}/infer", "post", {"inputs": []}, 400)

    def test_what_is_only_got(self):
        for path in ("/execution-parameters", "/openapi.json", "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/{name}",
                     "/v2/models/{name}/ready"):
            with self.subTest(path):
                self.exchange(path, "get")

    def test_a_schema_can_refuse(self):
        self.assertFalse(validator("Predictions").is_valid({"predictions": [{"label": "no such label", "score": 0.5}]}))
        self.assertFalse(validator("Error").is_valid({"error": "text"}))


if __name__ == "__main__":
    unittest.main()
