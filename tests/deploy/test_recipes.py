"""The hyperparameters, channels and tuning ranges of each recipe with the real train; its model behind the function."""
import csv
import json
import pathlib
import re
import shutil
import subprocess
import os
import tempfile
import unittest

import support

COLUMNS = {"newsgroups": ["data", "label_names"]}  # of others: TITLE, CATEGORY
WORDS = ["the", "to", "of", "stocks", "profit", "film", "star", "heart", "disease", "phone"]


def part(recipe, name):
    return json.loads((support.DEPLOY / "recipes" / recipe / f"{name}.json").read_text())


def lay_out(root, recipe):
    """Some headlines in the recipe's columns, in every channel that it has."""
    for channel in part(recipe, "channels"):
        directory = root / "input" / "data" / channel["ChannelName"]
        directory.mkdir(parents=True)
        if channel["ChannelName"] == "vectors":
            lines = (f"{word} " + " ".join(str((i * 7 + j) % 11 / 10 - 0.5) for j in range(100)) for i, word in enumerate(WORDS))
            (directory / "glove.6B.100d.txt").write_text("\n".join(lines) + "\n")
            continue
        with open(support.PROJECT / "data" / "headlines" / f"{channel['ChannelName']}.csv", newline="") as file:
            rows = list(csv.reader(file))[:200]
        rows[0] = COLUMNS.get(recipe, rows[0])
        with open(directory / "rows.csv", "w", newline="") as file:
            csv.writer(file).writerows(rows)


def corners(ranges):
    """Of numbers the ends, of words each, so that every value that tuning may begin with is tried."""
    numbers = ranges["ContinuousParameterRanges"] + ranges["IntegerParameterRanges"]
    words = ranges["CategoricalParameterRanges"]
    for i in range(max([2] + [len(r["Values"]) for r in words])):
        tried = {r["Name"]: r[("MinValue", "MaxValue")[i % 2]] for r in numbers}
        yield {**tried, **{r["Name"]: r["Values"][i % len(r["Values"])] for r in words}}


class Recipes(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def trained(self, recipe, **hyperparameters):
        shutil.rmtree(self.root / "model", ignore_errors=True)
        done = support.train(self.root, {**part(recipe, "hyperparameters"), **hyperparameters}, part(recipe, "channels"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    def test_metric_definitions_are_those_of_train(self):
        said = subprocess.run([os.environ["TRAIN"], "--metric-definitions"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said, (support.DEPLOY / "metric-definitions.json").read_text())

    def test_every_recipe_trains_and_answers(self):
        request = support.dry_run("tune")[0]["request"]
        objective = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
        regex, = (m["Regex"] for m in request["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"]
                  if m["Name"] == objective)
        for recipe in support.RECIPES:
            with self.subTest(recipe):
                lay_out(self.root, recipe)
                log = self.trained(recipe)
                values = [float(m[1]) for line in log.splitlines() for m in [re.search(regex, line)] if m]
                self.assertEqual(len(values), 1, log)
                self.assertTrue(0 < values[0] <= 1)
                with support.serving(self.root / "model") as url, support.handler(url) as handler:
                    answer = handler.handler(support.event("Bank profit falls,\n\"as rates\" rise"), None)
                    self.assertEqual(answer["statusCode"], 200, answer)
                    self.assertGreater(len(answer["body"]), 0)
                for hyperparameters in corners(part(recipe, "tuning")):
                    self.trained(recipe, _tuning_objective_metric=objective, **hyperparameters)
                shutil.rmtree(self.root / "input")

    def test_what_is_tuned_is_not_fixed_as_well(self):
        for recipe in support.RECIPES:
            ranges = part(recipe, "tuning")
            names = [r["Name"] for kind in ranges.values() for r in kind]
            self.assertEqual(len(names), len(set(names)))
            self.assertFalse(set(names) & set(part(recipe, "hyperparameters")), recipe)
            for r in ranges["ContinuousParameterRanges"] + ranges["IntegerParameterRanges"]:
                self.assertLess(float(r["MinValue"]), float(r["MaxValue"]))
                self.assertTrue(r["ScalingType"] != "Logarithmic" or float(r["MinValue"]) > 0)


if __name__ == "__main__":
    unittest.main()
