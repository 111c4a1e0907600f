"""Where the deployment files lie, and deploy.sh, train and serve as processes. TRAIN and SERVE: the programs."""
import contextlib
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
DEPLOY = PROJECT / "container" / "deploy"
RECIPES = sorted(path.name for path in (DEPLOY / "recipes").iterdir())
STAMP = "261121-101112"
SETTINGS = {
    "NAME": "news",
    "IMAGE": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/textml:1.0",
    "BUCKET": "a-bucket",
    "ROLE_ARN": "arn:aws:iam::123456789012:role/news-execution",
    "STAMP": STAMP,
}


def run(command, *arguments, settings=None, environment=None, path=None, cwd=None):
    """deploy.sh with these settings on its command line, and nothing of the caller's environment."""
    words = [f"{name}={value}" for name, value in (SETTINGS if settings is None else settings).items()]
    surroundings = {"PATH": (f"{path}:" if path else "") + "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    surroundings.update(environment or {})
    with tempfile.TemporaryDirectory() as empty:
        return subprocess.run([str(DEPLOY / "deploy.sh"), command, *words, *arguments], cwd=cwd or empty, env=surroundings,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


def dry_run(command, *arguments, **options):
    """What --dry-run prints."""
    done = run(command, "--dry-run", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def operation_name(words):
    """create-hyper-parameter-tuning-job → CreateHyperParameterTuningJob."""
    return "".join(word.capitalize() for word in words.split("-"))


@contextlib.contextmanager
def serving(model_dir):
    """The address of a real serve on a free port of the loopback."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([os.environ["SERVE"], "--model-dir", str(model_dir), "--host", "127.0.0.1", "--port", "0"],
                                   stdout=log, stderr=subprocess.STDOUT)
        try:
            yield "http://127.0.0.1:" + port_of(process, log)
        finally:
            process.terminate()
            code = process.wait(30)
        assert code == 0, code


def port_of(process, log):
    for _ in range(600):
        log.seek(0)
        text = log.read()
        found = re.search(r"listening on \S*:(\d+)", text)
        if found:
            return found[1]
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError("serve does not listen: " + text)


def train(root, hyperparameters, channels):
    """A training job as SageMaker starts it, below root, whose input/data is there already."""
    config = root / "input" / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    given = {c["ChannelName"]: {"TrainingInputMode": "File", **({"ContentType": c["ContentType"]} if "ContentType" in c else {})}
             for c in channels}
    (config / "inputdataconfig.json").write_text(json.dumps(given))
    return subprocess.run([os.environ["TRAIN"]], env={**os.environ, "SAGEMAKER_BASE_DIR": str(root)}, capture_output=True,
                          text=True, timeout=120)


@contextlib.contextmanager
def handler(url, **environment):
    """The function's module, as it is loaded with these variables."""
    variables = {"ENDPOINT_NAME": "news-web", "RUNTIME_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                 "AWS_DEFAULT_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/nonexistent", **environment}
    with unittest.mock.patch.dict(os.environ, variables):
        spec = importlib.util.spec_from_file_location("handler", DEPLOY / "lambda" / "handler.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        client = module.runtime
        try:
            yield module
        finally:
            client.close()


def event(body, headers=None, is_base64=False):
    """What API Gateway hands to a function behind a proxy integration."""
    return {"resource": "/classify", "path": "/classify", "httpMethod": "POST", "headers": headers, "multiValueHeaders": None,
            "queryStringParameters": None, "pathParameters": None, "stageVariables": None,
            "requestContext": {"stage": "v1", "httpMethod": "POST"}, "body": body, "isBase64Encoded": is_base64}
