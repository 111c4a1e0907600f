"""Writes lambda/handler.py into the template, between its two marks; run it after a change of the function."""
import re

import support

TEMPLATE = support.DEPLOY / "cloudformation" / "endpoint.yaml"
MARKS = re.compile(r"( *)# the function: lambda/handler\.py\n.*?( *)# end of the function\n", re.S)


def inlined(template, source):
    def block(found):
        indent = found[1]
        lines = "".join((indent + "  " + line).rstrip() + "\n" for line in source.splitlines())
        return f"{indent}# the function: lambda/handler.py\n{indent}ZipFile: |\n{lines}{indent}# end of the function\n"

    return MARKS.sub(block, template)


if __name__ == "__main__":
    TEMPLATE.write_text(inlined(TEMPLATE.read_text(), (support.DEPLOY / "lambda" / "handler.py").read_text()))
