"""Texts are read in threads that come and go."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import threading
from holdfast.kube import yaml

def read(text):
    try:
        print(yaml.load(text))
    except yaml.YAMLError as error:
        print(error.message)

yaml.prepare()
for text in ("a: [1]", "kind: x\\n  b: y", "a: 1", "kind: x\\n  b: y"):
    thread = threading.Thread(target=read, args=(text,))
    thread.start()
    thread.join()
"""


def test_a_malformed_text_in_any_thread_is_an_error_and_no_crash() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    wrong = "yaml: line 2: mapping values are not allowed in this context"
    assert (done.returncode, done.stdout.splitlines()) == (0, ["{'a': [1]}", wrong, "{'a': 1}", wrong]), done.stderr
