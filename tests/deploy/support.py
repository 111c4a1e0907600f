"""Where the deployment files lie, and deploy.sh as a process."""
import json
import os
import pathlib
import subprocess
import tempfile

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
    """What --dry-run prints, in which "aws" is a word that no directory of the path has."""
    done = run(command, "--dry-run", *arguments, path="/nonexistent", **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def operation_name(words):
    """create-hyper-parameter-tuning-job → CreateHyperParameterTuningJob."""
    return "".join(word.capitalize() for word in words.split("-"))


def programs():
    return os.environ["TRAIN"], os.environ["PORT"]
