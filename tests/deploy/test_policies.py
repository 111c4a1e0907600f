"""The IAM policies: filled in, each action named, each resource one of ours."""
import json
import re
import unittest

import botocore.session

import support

# Actions for which IAM knows no resource, with the condition that narrows them where there is one.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken": None,
    "cloudwatch:PutMetricData": "cloudwatch:namespace",
    "sagemaker:ListEndpointConfigs": None,
    "sagemaker:ListHyperParameterTuningJobs": None,
    "sagemaker:ListModels": None,
    "sagemaker:ListTrainingJobs": None,
    "sagemaker:ListTransformJobs": None,
}
SERVICES = {"logs": "logs", "ecr": "ecr", "sagemaker": "sagemaker", "cloudwatch": "cloudwatch", "cloudformation": "cloudformation"}
# Of S3 and IAM, actions are not named as operations are.
OTHER_ACTIONS = {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "iam:PassRole",
                 "sagemaker:InvokeEndpoint"}
ARN = re.compile(r"arn:aws:(s3|ecr|logs|sagemaker|iam|cloudformation):[a-z0-9-]*:[0-9]*:.+")


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(policy):
    return [s for s in policy["Statement"]]


class Policies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.policies = {item["file"]: item["policy"] for item in support.dry_run("policies")}

    def permissions(self):
        for name in ("execution-policy.json", "deployer-policy.json"):
            for statement in statements(self.policies[name]):
                self.assertEqual(statement["Effect"], "Allow")
                self.assertLessEqual(set(statement), {"Sid", "Effect", "Action", "Resource", "Condition"})
                for action in as_list(statement["Action"]):
                    yield action, as_list(statement["Resource"]), statement.get("Condition")

    def test_no_marker_is_left(self):
        text = json.dumps(self.policies)
        self.assertNotRegex(text, r"[$#@]\{")
        self.assertEqual(len(self.policies), 3)

    def test_every_action_has_a_name_that_exists(self):
        session = botocore.session.Session()
        for action, _, _ in self.permissions():
            service, name = action.split(":")
            self.assertNotIn("*", action)
            if action not in OTHER_ACTIONS:
                self.assertIn(name, session.get_service_model(SERVICES[service]).operation_names, action)

    def test_every_resource_is_one_of_ours(self):
        for action, resources, condition in self.permissions():
            if action in WITHOUT_RESOURCE:
                self.assertEqual(resources, ["*"], action)
                if WITHOUT_RESOURCE[action]:
                    self.assertIn(WITHOUT_RESOURCE[action], json.dumps(condition))
                continue
            for resource in resources:
                self.assertRegex(resource, ARN, action)
                self.assertRegex(resource, "news|a-bucket|/aws/sagemaker/|repository/textml$", action)
                self.assertNotRegex(resource, r":\*$|[:/]\*/|\*\*" if "log-group" not in resource else r"group:\*", action)

    def test_a_role_is_handed_to_sagemaker_alone(self):
        passed = [(resources, condition) for action, resources, condition in self.permissions() if action == "iam:PassRole"]
        self.assertEqual(passed, [([support.SETTINGS["ROLE_ARN"]],
                                   {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})])

    def test_the_role_is_for_sagemaker_in_this_account(self):
        statement, = statements(self.policies["execution-trust.json"])
        self.assertEqual(statement["Principal"], {"Service": "sagemaker.amazonaws.com"})
        self.assertEqual(statement["Action"], "sts:AssumeRole")
        self.assertEqual(statement["Condition"]["StringEquals"], {"aws:SourceAccount": "123456789012"})

    def test_every_operation_of_the_scripts_is_allowed(self):
        allowed = {action for action, _, _ in self.permissions()}
        scripts = "".join((support.DEPLOY / name).read_text() for name in ("deploy.sh", "aws.sh"))
        used = set(re.findall(r"(?:create|update|describe|delete|list)-(?:[a-z]+-)*(?:jobs?|models?|endpoints?|configs?)\b", scripts))
        self.assertGreaterEqual(len(used), 15)
        for operation in used:
            self.assertIn("sagemaker:" + support.operation_name(operation), allowed)

    def test_partitions_follow_the_region(self):
        for region, partition, suffix in (("cn-north-1", "aws-cn", ".cn"), ("us-gov-west-1", "aws-us-gov", "")):
            settings = dict(support.SETTINGS, IMAGE=f"123456789012.dkr.ecr.{region}.amazonaws.com{suffix}/textml:1", ROLE_ARN="")
            text = json.dumps(support.dry_run("policies", settings=settings))
            self.assertIn(f"arn:{partition}:ecr:{region}:123456789012:repository/textml", text)
            self.assertNotIn("arn:aws:", text)


if __name__ == "__main__":
    unittest.main()
