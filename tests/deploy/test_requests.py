"""Every request of every recipe against the services' own models, and what settings are refused with."""
import json
import os
import subprocess
import tempfile
import unittest

import models
import support

HOSTINGS = {"serverless": (), "instance": (), "variants": ("MODEL_DATA_B=s3://a-bucket/other/model.tar.gz",)}


def requests_of(command, *arguments, **options):
    return [item for item in support.dry_run(command, *arguments, **options) if "operation" in item]


class Requests(unittest.TestCase):
    def check(self, items, operations):
        self.assertEqual([item["operation"] for item in items], operations)
        for item in items:
            problems = models.problems("sagemaker", support.operation_name(item["operation"]), item["request"])
            self.assertEqual(problems, [])

    def test_every_recipe_of_train_has_a_directory(self):
        listed = subprocess.run([os.environ["TRAIN"], "--print-recipe", "-"], capture_output=True, text=True).stderr
        self.assertLessEqual(set(listed.split("is not one of")[1].replace(",", " ").split()), set(support.RECIPES))

    def test_every_request_of_every_recipe(self):
        for recipe in support.RECIPES:
            with self.subTest(recipe):
                recipe = f"RECIPE={recipe}"
                self.check(requests_of("train", recipe), ["create-training-job"])
                self.check(requests_of("tune", recipe), ["create-hyper-parameter-tuning-job"])
                self.check(requests_of("transform", recipe), ["create-transform-job"])
                for hosting, more in HOSTINGS.items():
                    created = ["create-model"] * (2 if more else 1) + ["create-endpoint-config"]
                    self.check(requests_of("deploy", recipe, f"HOSTING={hosting}", *more), created + ["create-endpoint"])
                    self.check(requests_of("update", recipe, f"HOSTING={hosting}", *more), created + ["update-endpoint"])

    def test_every_template_is_used(self):
        used = {"create-model", "create-endpoint", "update-endpoint", "create-training-job", "create-transform-job",
                "create-hyper-parameter-tuning-job"} | {f"create-endpoint-config-{hosting}" for hosting in HOSTINGS}
        self.assertEqual(used, {path.stem for path in (support.DEPLOY / "requests").iterdir()})

    def test_the_check_finds_what_is_wrong(self):
        for change in ({"EnableNetworkIsolation": "yes"}, {"RoleArn": "role"}, {"TrainingJobName": "a" * 64}, {"TrainingJobName": "a_b"},
                       {"Colour": "red"}, {"StoppingCondition": {"MaxRuntimeInSeconds": 0}},
                       {"AlgorithmSpecification": {"TrainingInputMode": "Tape", "TrainingImage": "x"}}):
            request = requests_of("train")[0]["request"]
            request.update(change)
            self.assertNotEqual(models.problems("sagemaker", "CreateTrainingJob", request), [], change)

    def test_roles_are_requests_of_iam(self):
        for item in support.dry_run("role"):
            request = {name: value if isinstance(value, str) else json.dumps(value) for name, value in item["request"].items()}
            self.assertEqual(models.problems("iam", support.operation_name(item["operation"]), request), [])

    def test_two_variants_share_the_requests(self):
        items = requests_of("deploy", "HOSTING=variants", "MODEL_DATA_B=s3://a-bucket/b.tar.gz", "WEIGHT_A=3", "WEIGHT_B=2")
        names = {item["request"]["ModelName"]: item["request"]["PrimaryContainer"]["ModelDataUrl"] for item in items[:2]}
        variants = items[2]["request"]["ProductionVariants"]
        self.assertEqual([(v["VariantName"], v["ModelName"], v["InitialVariantWeight"]) for v in variants],
                         [("A", "news-" + support.STAMP, 3), ("B", "news-" + support.STAMP + "-b", 2)])
        self.assertEqual(names[variants[1]["ModelName"]], "s3://a-bucket/b.tar.gz")
        self.assertNotEqual(names[variants[0]["ModelName"]], "s3://a-bucket/b.tar.gz")

    def test_serverless_endpoints_alone_are_not_isolated(self):
        for hosting, want in (("serverless", False), ("instance", True)):
            self.assertIs(requests_of("deploy", f"HOSTING={hosting}")[0]["request"]["EnableNetworkIsolation"], want)

    def test_data_are_copied_to_where_the_channels_are_read(self):
        items = support.dry_run("train", f"DATA={support.PROJECT}/data/headlines")
        targets = [item["command"][-1] for item in items if "command" in item]
        channels = items[-1]["request"]["InputDataConfig"]
        self.assertEqual(len(targets), len(channels))
        for channel, target in zip(channels, targets):
            self.assertTrue(target.startswith(channel["DataSource"]["S3DataSource"]["S3Uri"]), target)


class Settings(unittest.TestCase):
    def refused(self, command, *arguments, says, **options):
        done = support.run(command, "--dry-run", *arguments, **options)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(says, done.stderr)
        self.assertNotIn("unbound", done.stderr)

    def test_all_that_is_missing_is_named_at_once(self):
        done = support.run("train", "--dry-run", settings={})
        self.assertEqual(done.returncode, 1)
        for name in ("NAME", "REGION", "IMAGE", "BUCKET", "ROLE_ARN"):
            self.assertRegex(done.stderr, f"(?m)^  {name}: \\w")
        self.refused("deploy", "HOSTING=variants", says="MODEL_DATA_B: ")

    def test_each_kind_of_value_is_checked(self):
        for value in ("NAME=News", "NAME=-news", "NAME=news-", "NAME=ne_ws", "NAME=" + "n" * 47, "BUCKET=s3://a-bucket", "BUCKET=A",
                      "ROLE_ARN=news-execution", "ROLE_ARN=arn:aws:iam::12:role/x", "IMAGE=textml:latest", "REGION=Ireland",
                      "MODEL_DATA=/tmp/model.tar.gz", "INPUT=a-bucket/x", "TRAIN_INSTANCE=m5.large",
                      "HOSTING=cheap", "MEMORY_MB=1500", "MEMORY_MB=08", "VOLUME_GB=0", "VOLUME_GB=ten", "AUTH=NONE",
                      "ALLOWED_ORIGIN=*", "ALLOWED_ORIGIN=https://a/b", "RECIPE=nws", "RECIPE=../x", "STAMP=now",
                      "HYPERPARAMETERS=/nonexistent", "DATA=/nonexistent"):
            self.refused("train", value, says=value.split("=")[0] + ":")

    def test_the_image_is_in_the_region(self):
        self.refused("train", "REGION=us-east-1", says="is not in us-east-1")

    def test_names_of_tuning_jobs_are_shorter(self):
        self.assertEqual(len(support.dry_run("tune", "NAME=" + "n" * 18)[0]["request"]["HyperParameterTuningJobName"]), 32)
        self.refused("tune", "NAME=" + "n" * 19, says="shorten NAME to 18")
        support.dry_run("deploy", "NAME=" + "n" * 46, "HOSTING=variants", "MODEL_DATA_B=s3://abc/b")

    def test_one_variant_has_requests(self):
        self.refused("deploy", "HOSTING=variants", "MODEL_DATA_B=s3://abc/b", "WEIGHT_A=0", "WEIGHT_B=0", says="both are 0")

    def test_what_is_no_setting_is_refused(self):
        self.refused("train", "NAEM=news", says="NAEM is no setting")
        self.refused("train", "--dryrun", says="--dryrun")
        for line, says in (("NAEM=news", "NAEM is no setting"), ("export NAME=news", "expected NAME=value")):
            with tempfile.NamedTemporaryFile("w") as file:
                file.write("\n" + line)
                file.flush()
                self.refused("train", "--settings", file.name, says=f"{file.name}:2: {says}")
        self.assertEqual(support.run("retrain").returncode, 2)

    def test_the_command_line_goes_before_the_file_before_the_environment(self):
        def bucket(*arguments, line):
            settings = {name: value for name, value in support.SETTINGS.items() if name != "BUCKET"}
            with tempfile.NamedTemporaryFile("w") as file:
                file.write("# a comment\n\n" + line)
                file.flush()
                request = support.dry_run("train", "--settings", file.name, *arguments, settings=settings,
                                          environment={"TEXTML_BUCKET": "from-environment", "DATA": "/etc"})[0]["request"]
            return request["OutputDataConfig"]["S3OutputPath"].split("/")[2]

        self.assertEqual(bucket(line=""), "from-environment")
        self.assertEqual(bucket(line="BUCKET=from-file\n"), "from-file")
        self.assertEqual(bucket(line='BUCKET="from-file"'), "from-file")
        self.assertEqual(bucket("BUCKET=from-line", line="BUCKET=from-file"), "from-line")

    def test_nothing_in_a_value_is_run_or_filled(self):
        for name in ("model $(touch /tmp/deploy-was-run).gz", 'a"b\\c', "${BUCKET}", "#{JOBS}", "`id`", "é&*"):
            request = support.dry_run("deploy", f"MODEL_DATA=s3://a-bucket/{name}")[0]["request"]
            self.assertEqual(request["PrimaryContainer"]["ModelDataUrl"], f"s3://a-bucket/{name}")
        self.refused("deploy", "MODEL_DATA=s3://a-bucket/a\nb", says="control character")


if __name__ == "__main__":
    unittest.main()
