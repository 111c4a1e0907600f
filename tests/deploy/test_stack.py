"""The CloudFormation template: references, required properties, who may do what; and the function and page that go with it."""
import base64
import hashlib
import html.parser
import json
import re
import unittest

import models
import support
import template

PATH = support.DEPLOY / "cloudformation" / "endpoint.yaml"
GIVEN = {"Name": "news", "ImageUri": support.SETTINGS["IMAGE"], "ModelDataUrl": "s3://a-bucket/m", "AWS::Partition": "aws",
         "ExecutionRoleArn": support.SETTINGS["ROLE_ARN"], "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}


class Stack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = template.read(PATH)
        cls.resources = cls.template["Resources"]

    def resolved(self, **more):
        parameters = {name: p.get("Default") for name, p in self.template["Parameters"].items()}
        parameters.update(GIVEN, **more)
        conditions = {"IsServerless": parameters["InstanceType"] == "", "HasKey": parameters["Auth"] == "ApiKey",
                      "HasOrigin": parameters["AllowedOrigin"] != ""}
        self.assertEqual(set(conditions), set(self.template["Conditions"]))
        return {name: template.resolved(r, parameters, conditions) for name, r in self.resources.items()
                if conditions.get(r.get("Condition"), True)}

    def of_type(self, resources, kind):
        return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}

    def test_every_reference_leads_somewhere(self):
        names = set(self.resources) | set(self.template["Parameters"]) | template.PSEUDO
        n = 0
        for place in ("Resources", "Outputs", "Conditions"):
            for owner, value in self.template[place].items():
                for kind, name, around in template.references(value):
                    n += 1
                    if kind == "Condition":
                        self.assertIn(name, self.template["Conditions"], owner)
                        continue
                    self.assertIn(name, names, owner)
                    target = self.resources.get(name, {})
                    if kind != "Ref":
                        self.assertIn(kind, template.ATTRIBUTES[target["Type"]], owner)
                    # What may be absent is only named where the same condition holds.
                    if "Condition" in target:
                        self.assertIn(target["Condition"], around + (value.get("Condition"),), owner)
                for other in [value.get("DependsOn")] if isinstance(value, dict) and "DependsOn" in value else []:
                    self.assertIn(other, self.resources)
                    self.assertNotIn("Condition", self.resources[other])
        self.assertGreater(n, 50)

    def test_every_parameter_and_condition_is_used(self):
        used = {name for place in ("Resources", "Outputs", "Conditions") for value in self.template[place].values()
                for _, name, _ in template.references(value)}
        for name in list(self.template["Parameters"]) + list(self.template["Conditions"]):
            self.assertIn(name, used)

    def test_every_resource_has_what_it_needs(self):
        for name, resource in self.resources.items():
            self.assertLessEqual(set(resource), {"Type", "Properties", "Condition", "DependsOn", "Metadata"}, name)
            self.assertLessEqual(template.REQUIRED[resource["Type"]], set(resource["Properties"]), name)

    def test_parts_that_sagemaker_knows_are_requests_of_it(self):
        for instance in ("", "ml.t2.medium"):
            resources = self.resolved(InstanceType=instance)
            for name, operation in (("Model", "CreateModel"), ("EndpointConfig", "CreateEndpointConfig"), ("Endpoint", "CreateEndpoint")):
                request = json.loads(json.dumps(resources[name]["Properties"]).replace(".EndpointConfigName", "").replace(".ModelName", ""))
                request.setdefault(f"{name}Name", "made-by-cloudformation")
                self.assertEqual(models.problems("sagemaker", operation, request), [])
            self.assertIs(resources["Model"]["Properties"]["EnableNetworkIsolation"], instance != "")

    def test_the_functions_role_may_ask_one_endpoint_and_write_one_log(self):
        resources = self.resolved()
        endpoint = resources["Endpoint"]["Properties"]["EndpointName"]
        role = resources["FunctionRole"]["Properties"]
        self.assertNotIn("ManagedPolicyArns", role)
        found = {}
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                found.update({action: statement["Resource"] for action in actions})
        log = resources["FunctionLogs"]["Properties"]["LogGroupName"]
        self.assertEqual(log, "/aws/lambda/" + resources["Function"]["Properties"]["FunctionName"])
        logs = f"arn:aws:logs:eu-west-1:123456789012:log-group:{log}:*"
        self.assertEqual(found, {"logs:CreateLogStream": logs, "logs:PutLogEvents": logs, "sagemaker:InvokeEndpoint":
                                 f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{endpoint}"})

    def test_nobody_calls_without_a_key_or_a_signature(self):
        for auth, key, kind in (("ApiKey", True, "NONE"), ("AWS_IAM", False, "AWS_IAM")):
            resources = self.resolved(Auth=auth)
            post, = self.of_type(resources, "AWS::ApiGateway::Method").values()
            self.assertEqual((post["ApiKeyRequired"], post["AuthorizationType"]), (key, kind))
            for plan in ("Key", "Plan", "PlanKey"):
                self.assertEqual(plan in resources, key)
        source = resources["Permission"]["Properties"]
        self.assertEqual(source["Principal"], "apigateway.amazonaws.com")
        self.assertTrue(source["SourceArn"].endswith("Api/v1/POST/classify"))

    def test_callers_are_throttled(self):
        resources = self.resolved()
        setting, = resources["Stage"]["Properties"]["MethodSettings"]
        self.assertEqual((setting["ResourcePath"], setting["HttpMethod"]), ("/*", "*"))
        self.assertTrue(0 < setting["ThrottlingRateLimit"] <= 100 and 0 < setting["ThrottlingBurstLimit"] <= 100)
        self.assertIs(setting["DataTraceEnabled"], False)
        self.assertEqual(set(resources["Plan"]["Properties"]["Quota"]), {"Limit", "Period"})

    def test_other_pages_call_when_one_is_named_and_never_all(self):
        closed = {name: resource for name, resource in self.resolved().items() if name != "Function"}  # it has the code in it
        self.assertNotIn("Access-Control", json.dumps(closed))
        resources = self.resolved(AllowedOrigin="https://example.org")
        for name in ("Preflight", "Refusals4xx", "Refusals5xx"):
            self.assertIn("'https://example.org'", json.dumps(resources[name]))
        self.assertNotRegex(json.dumps(resources), r"Allow-Origin\"?: \"'\*'")
        pattern = self.template["Parameters"]["AllowedOrigin"]["AllowedPattern"]
        self.assertIsNone(re.fullmatch(pattern, "*"))

    def test_the_code_is_the_handler(self):
        function = self.resources["Function"]["Properties"]
        module, name = function["Handler"].split(".")
        source = (support.DEPLOY / "lambda" / "handler.py").read_text()
        self.assertEqual(module, "index")
        self.assertEqual(function["Code"], {"ZipFile": source}, "python3 tests/deploy/inline_handler.py writes it into the template")
        self.assertLessEqual(len(source), 4096)  # of inline code, as CloudFormation long had it
        self.assertIn(f"def {name}(event, context):", source)
        self.assertLessEqual(len(source.splitlines()), 60)
        given = set(function["Environment"]["Variables"])
        self.assertEqual(set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', source)), given | {"RUNTIME_URL"})
        self.assertLess(function["Timeout"], 29)

    def test_deploy_gives_parameters_that_there_are(self):
        command = next(item["command"] for item in support.dry_run("stack") if "deploy" in item["command"])
        given = {word.split("=")[0] for word in command[command.index("--parameter-overrides") + 1:]}
        self.assertLessEqual(given, set(self.template["Parameters"]))
        needed = {name for name, p in self.template["Parameters"].items() if "Default" not in p}
        self.assertLessEqual(needed, given)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.policy = [], ""

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[name] for name in ("src", "href", "action", "onclick", "onsubmit", "style") if name in attrs]
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]


class Page(unittest.TestCase):
    def test_it_loads_nothing_and_writes_text_alone(self):
        text = (support.DEPLOY / "page" / "index.html").read_text()
        tags = Tags()
        tags.feed(text)
        self.assertEqual(tags.links, [])
        self.assertNotRegex(text, r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|import\(|@import|url\(")
        self.assertIn(".textContent =", text)

    def test_its_policy_allows_its_own_script_and_style(self):
        text = (support.DEPLOY / "page" / "index.html").read_text()
        tags = Tags()
        tags.feed(text)
        for tag in ("script", "style"):
            inner, = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.S)
            digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
            self.assertIn(f"{tag}-src 'sha256-{digest}'", tags.policy)
        self.assertIn("default-src 'none'", tags.policy)
        self.assertNotIn("unsafe", tags.policy)


if __name__ == "__main__":
    unittest.main()
