"""deploy.sh against an AWS CLI that is played: the whole life of an endpoint, and what goes wrong in it."""
import json
import pathlib
import shutil
import tempfile
import time
import unittest

import support

JOB = "news-" + support.STAMP
ARTIFACT = {"ModelArtifacts": {"S3ModelArtifacts": "s3://a-bucket/news/output/x/output/model.tar.gz"}}


class Life(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.played = pathlib.Path(directory.name)
        self.set_world()

    def set_world(self, there=None, statuses=None, answers=None, fails=None):
        answers = {"describe-training-job": ARTIFACT, **(answers or {})}
        world = {"there": there or {}, "statuses": statuses or {}, "answers": answers, "fails": fails or {}}
        (self.played / "world.json").write_text(json.dumps(world))
        (self.played / "calls.jsonl").write_text("")

    def there(self, kind):
        return sorted(json.loads((self.played / "world.json").read_text())["there"].get(kind, {}))

    def calls(self):
        return [json.loads(line) for line in (self.played / "calls.jsonl").read_text().splitlines()]

    def operations(self):
        return [call["operation"] for call in self.calls()]

    def run_it(self, command, *arguments):
        return support.run(command, "POLL_SECONDS=0", *arguments, path=support.HERE / "played", environment={"PLAYED": str(self.played)})

    def works(self, command, *arguments):
        done = self.run_it(command, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def fails(self, command, *arguments, says):
        done = self.run_it(command, *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertNotIn("unbound", done.stderr)
        return done

    def test_from_role_to_nothing(self):
        self.assertEqual(self.works("role"), "ROLE_ARN=arn:aws:iam::123456789012:role/news-execution\n")
        self.set_world(statuses={"describe-training-job": ["InProgress", "InProgress", "Completed"],
                                 "describe-endpoint": ["Creating", "InService"]})
        out = self.works("train", f"DATA={support.PROJECT}/data/headlines")
        self.assertEqual(self.operations(), ["cp", "cp", "create-training-job"] + ["describe-training-job"] * 4)
        self.assertIn("MODEL_DATA=s3://a-bucket/news/output/x/output/model.tar.gz", out)
        self.assertIn("costs for the time of requests", self.works("deploy"))
        self.assertEqual((self.there("endpoint"), self.there("endpoint-config"), self.there("model")), (["news"], [JOB], [JOB]))
        created = [call["request"] for call in self.calls() if call["operation"] == "create-model"]
        self.assertEqual(created[0]["PrimaryContainer"]["ModelDataUrl"], ARTIFACT["ModelArtifacts"]["S3ModelArtifacts"])
        out = self.works("update", "STAMP=261121-111111", "HOSTING=variants", "MODEL_DATA_B=s3://a-bucket/b")
        self.assertIn("cost until: deploy.sh delete", out)
        self.assertIn("news/transformed/news-261121-121212/", self.works("transform", "STAMP=261121-121212"))
        self.assertEqual(self.calls()[-2]["request"]["ModelName"], "news-261121-111111-b")
        out = self.works("delete")
        self.assertEqual((self.there("endpoint"), self.there("endpoint-config"), self.there("model")), ([], [], []))
        for word in ("storage", "s3://a-bucket/news/", "ecr delete-repository", "CloudWatch"):
            self.assertIn(word, out)
        self.works("delete")

    def test_tuning_says_what_was_best(self):
        best = {"TrainingJobName": JOB + "-003-abc", "TunedHyperParameters": {"alpha": "0.01"},
                "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "final:validation:macro_f1", "Value": 0.9}}
        self.set_world(there={"training-job": {JOB + "-003-abc": {}}},
                       answers={"describe-hyper-parameter-tuning-job": {"BestTrainingJob": best}})
        self.assertIn("MODEL_DATA=s3://", self.works("tune", "RECIPE=newsgroups"))
        self.set_world()
        self.fails("tune", says="gave the objective")

    def test_a_job_that_fails_says_why(self):
        reason = {"FailureReason": "AlgorithmError: label: no such column"}
        for command, kind in (("train", "training-job"), ("tune", "hyper-parameter-tuning-job"), ("transform", "transform-job")):
            self.set_world(statuses={f"describe-{kind}": ["InProgress", "Failed"]}, answers={f"describe-{kind}": reason},
                           there={"model": {JOB: {}}})
            done = self.fails(command, says="ended as Failed: AlgorithmError: label: no such column")
            self.assertNotIn("MODEL_DATA", done.stdout)

    def test_waiting_ends(self):
        self.set_world(statuses={"describe-training-job": ["InProgress"]})
        begin = time.monotonic()
        done = self.fails("train", "WAIT_SECONDS=1", says="still InProgress after 1 s")
        self.assertLess(time.monotonic() - begin, 20)
        self.assertIn("costs", done.stderr)

    def test_each_refusal_ends_the_command(self):
        denied = "AccessDeniedException) when calling the operation: not allowed"
        newest = {"training-job": {JOB: {}}}
        for command, operations in {
                "train": ["create-training-job", "describe-training-job"], "role": ["create-role", "put-role-policy"],
                "deploy": ["describe-endpoint", "list-training-jobs", "create-model", "create-endpoint-config", "create-endpoint"],
                "update": ["describe-endpoint", "list-training-jobs", "create-model", "create-endpoint-config", "update-endpoint"],
                "transform": ["list-models", "create-transform-job"], "stack": ["deploy", "create-deployment"]}.items():
            for operation in operations:
                there = dict(newest, model={JOB: {}}, **({"endpoint": {"news": {}}} if command == "update" else {}))
                self.set_world(there=there, fails={operation: denied})
                with self.subTest(command=command, operation=operation):
                    done = self.fails(command, says="not allowed")
                    self.assertEqual(self.operations()[-1], operation)
                    self.assertEqual(done.stdout, "")

    def test_deploy_wants_no_endpoint_and_update_wants_one(self):
        self.set_world(there={"endpoint": {"news": {}}})
        self.fails("deploy", says="deploy.sh update")
        self.assertEqual(self.operations(), ["describe-endpoint"])
        self.set_world()
        self.fails("update", says="not there")
        self.set_world(there={"endpoint": {"news": {}}}, statuses={"describe-endpoint": ["Updating"]})
        self.fails("update", says="is Updating")

    def test_an_endpoint_that_fails_or_goes_back_is_no_success(self):
        self.set_world(there={"training-job": {JOB: {}}}, statuses={"describe-endpoint": ["Creating", "Failed"]},
                       answers={"describe-endpoint": {"FailureReason": "did not pass the ping health check"}})
        self.fails("deploy", says="ping health check")
        self.set_world(there={"training-job": {JOB: {}}, "endpoint": {"news": {}}},
                       statuses={"describe-endpoint": ["InService", "Updating", "RollingBack", "InService"]},
                       answers={"describe-endpoint": {"EndpointConfigName": "news-261010-101010", "FailureReason": "no capacity"}})
        self.fails("update", says="went back to news-261010-101010: no capacity")

    def test_the_newest_model_of_this_name_is_taken(self):
        jobs = {"news-261001-101010": {}, "news-261002-101010": {}, "news-b-261003-101010": {}, "my-news-261004-101010": {},
                "news-261005-101010-001-abc": {}, "news-261006-101010": {"Status": "Failed"}}
        self.set_world(there={"training-job": jobs})
        self.works("deploy")
        described = [c["words"] for c in self.calls() if c["operation"] == "describe-training-job"]
        self.assertIn("news-261002-101010", described[0])
        self.set_world()
        self.fails("deploy", says="there is no training job news-…")
        self.assertNotIn("create-model", self.operations())

    def test_delete_takes_its_own_and_leaves_the_rest(self):
        mine, others = [JOB, JOB + "-b"], ["news-b-261121-101112", "my-news-261121-101112", "news-production", "news-261121-101112-c"]
        names = {name: {} for name in mine + others}
        self.set_world(there={"endpoint": {"news": {}, "news-b": {}}, "model": names, "endpoint-config": names})
        self.works("delete")
        self.assertEqual(self.there("model"), sorted(others))
        self.assertEqual(self.there("endpoint-config"), sorted(others))
        self.assertEqual(self.there("endpoint"), ["news-b"])

    def test_delete_goes_on_and_says_what_it_could_not_remove(self):
        names = {JOB: {}, JOB + "-b": {}}
        there = {"endpoint": {"news": {}}, "model": names, "endpoint-config": names}
        denied = "AccessDeniedException) when calling the operation: not allowed"
        for operation, word in (("delete-endpoint", "the endpoint news"), ("delete-model", "the model " + JOB),
                                ("list-models", "they could not be listed"), ("describe-stacks", "the stack news-web"),
                                ("list-training-jobs", "training jobs")):
            self.set_world(there=there, fails={operation: denied})
            self.fails("delete", says=word)
            self.assertEqual(self.there("endpoint"), ["news"] if operation == "delete-endpoint" else [])
            self.assertEqual(self.there("endpoint-config"), [])

    def test_delete_names_jobs_that_still_run(self):
        self.set_world(there={"training-job": {JOB: {"Status": "InProgress"}}})
        self.assertIn(f"Still running, and costing: training jobs {JOB} ", self.works("delete"))

    def test_the_stack_is_deployed_and_removed(self):
        self.works("stack", "MODEL_DATA=s3://a-bucket/m", "ALLOWED_ORIGIN=https://example.org")
        self.assertEqual(self.operations(), ["deploy", "describe-stacks", "create-deployment", "describe-stacks"])
        words = self.calls()[0]["words"]
        for word in ("ModelDataUrl=s3://a-bucket/m", "AllowedOrigin=https://example.org", "InstanceType=", "Auth=ApiKey"):
            self.assertIn(word, words)
        self.assertNotIn("CAPABILITY_NAMED_IAM", words)
        self.works("delete")
        self.assertEqual(self.operations()[5:7], ["delete-stack", "wait"])
        self.fails("stack", "HOSTING=variants", "MODEL_DATA_B=s3://abc/x", says="one model")

    def test_the_endpoint_url_reaches_every_call(self):
        self.set_world(there={"training-job": {JOB: {}}})
        for command in ("train", "deploy", "delete"):
            self.works(command, "--endpoint-url", "http://127.0.0.1:1")
        for call in self.calls():
            self.assertEqual(call["words"][:2], ["--endpoint-url", "http://127.0.0.1:1"])

    def test_without_the_cli_a_sentence_says_so(self):
        for tool in ("bash", "dirname", "sed", "date", "cut", "mktemp", "rm", "ls"):
            (self.played / tool).symlink_to(shutil.which(tool))
        done = support.run("train", environment={"PATH": str(self.played)})
        self.assertEqual((done.returncode, done.stderr), (1, "deploy.sh: this needs the AWS CLI: apt-get install awscli\n"))

    def test_a_dry_run_asks_nothing(self):
        for command in ("role", "train", "deploy", "update", "transform", "tune", "stack", "delete", "policies"):
            self.assertGreater(len(json.loads(self.works(command, "--dry-run", f"DATA={support.PROJECT}/data/headlines"))), 0)
        self.assertEqual(self.calls(), [])

    def test_policies_are_files(self):
        done = support.run("policies", cwd=self.played)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(path.name for path in (self.played / "policies").iterdir()),
                         ["deployer-policy.json", "execution-policy.json", "execution-trust.json"])


if __name__ == "__main__":
    unittest.main()
