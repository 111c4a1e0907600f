"""The lifecycle scripts of notebook instances, in a home of the test's own."""
import pathlib
import subprocess
import tempfile
import unittest

import support

SCRIPTS = support.DEPLOY / "notebook"


class Notebook(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.home = self.root / "home"
        self.project = self.home / "SageMaker" / "textml"
        self.upstream = self.root / "upstream"
        self.git("init", "-q", "-b", "main", str(self.upstream))
        self.commit("one")

    def environment(self, **more):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.root), "NOTEBOOK_HOME": str(self.home), "NOTEBOOK_USER": "nobody-of-this-name",
                "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "t",
                "GIT_COMMITTER_EMAIL": "t@example.org", "REPOSITORY": "file://" + str(self.upstream), **more}

    def git(self, *words, cwd=None):
        subprocess.run(["git", *words], cwd=cwd, env=self.environment(), check=True, capture_output=True)

    def commit(self, text):
        (self.upstream / "file").write_text(text)
        self.git("add", "file", cwd=self.upstream)
        self.git("commit", "-q", "-m", text, cwd=self.upstream)

    def run_script(self, name, code=0, **environment):
        # systemctl is played: docker of the machine that runs the test is left alone
        played = self.root / "played"
        played.mkdir(exist_ok=True)
        (played / "systemctl").write_text(f'#!/bin/sh\necho "$@" >>{self.root}/systemctl.log\n[ "$1" = start ]\n')
        (played / "systemctl").chmod(0o755)
        given = self.environment(**environment)
        given["PATH"] = f"{played}:{given['PATH']}"
        done = subprocess.run(["bash", str(SCRIPTS / name)], env=given, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def test_the_project_is_cloned_once(self):
        self.run_script("on-create.sh")
        self.assertEqual((self.project / "file").read_text(), "one")
        self.commit("two")
        self.assertIn("there already", self.run_script("on-create.sh"))
        self.assertEqual((self.project / "file").read_text(), "one")
        self.assertEqual([path.name for path in (self.home / "SageMaker").iterdir()], ["textml"])

    def test_without_an_address_or_with_a_wrong_one_it_fails_and_leaves_nothing(self):
        self.assertIn("REPOSITORY is empty", self.run_script("on-create.sh", 1, REPOSITORY=""))
        self.run_script("on-create.sh", 128, REPOSITORY=f"file://{self.root}/nothing")
        self.assertEqual(list((self.home / "SageMaker").iterdir()), [])
        self.run_script("on-create.sh")

    def test_a_start_brings_it_up_to_date(self):
        self.run_script("on-create.sh")
        self.commit("two")
        self.run_script("on-start.sh")
        self.run_script("on-start.sh")
        self.assertEqual((self.project / "file").read_text(), "two")
        self.assertIn("start docker", (self.root / "systemctl.log").read_text())

    def test_changes_of_the_user_stay(self):
        self.run_script("on-create.sh")
        (self.project / "file").write_text("mine")
        self.commit("two")
        self.assertIn("stays as it is", self.run_script("on-start.sh"))
        self.assertEqual((self.project / "file").read_text(), "mine")

    def test_a_start_never_fails(self):
        self.assertIn("is not there", self.run_script("on-start.sh"))
        self.run_script("on-create.sh")
        self.upstream.rename(self.root / "gone")
        self.assertIn("could not be brought up to date", self.run_script("on-start.sh"))

    def test_scripts_fit(self):
        for path in SCRIPTS.iterdir():
            self.assertLess(len(path.read_bytes()) * 4 / 3, 16384)  # in base64, as the API takes them


if __name__ == "__main__":
    unittest.main()
