"""The kernel as Jupyter's own conformance tests, nbclient, `jupyter console` and its own manager see it. Optional: needs Python. Either of

    apt-get install python3-jupyter-kernel-test python3-nbclient jupyter-console
    python3 -m venv /tmp/jupyter && /tmp/jupyter/bin/pip install jupyter_kernel_test nbclient jupyter_console

and then, with that Python, after `npm run build`:

    /usr/bin/python3 scripts/jupyter/kernel_test.py
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

root = Path(__file__).resolve().parents[2]
rivulet = ["node", str(root / "dist/shell/cli/main.js")]
# Of this checkout, and for this run only. Jupyter reads the variable when it is imported.
prefix = tempfile.TemporaryDirectory()
os.environ["JUPYTER_PATH"] = str(Path(prefix.name) / "share" / "jupyter")

import jupyter_kernel_test  # noqa: E402
import nbformat  # noqa: E402
from jupyter_client.manager import start_new_kernel  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

seconds = 120


def setUpModule():
    subprocess.run([*rivulet, "kernel", "install", "--prefix", prefix.name], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tearDownModule():
    prefix.cleanup()


class Conformance(jupyter_kernel_test.KernelTests):
    kernel_name = "rivulet"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = 'console.log("hello, world")'
    code_stderr = 'console.error("wrong")'
    completion_samples = [{"text": "paralle", "matches": {"parallelize"}}, {"text": "readSt", "matches": {"readStream"}}]
    complete_code_samples = ["1 + 1", "const a = 1", ".streams"]
    incomplete_code_samples = ["[1].map(v => {", "`open"]
    invalid_code_samples = ["const = 1"]
    code_inspect_sample = "slice"
    code_generate_error = "throw new Error('on purpose')"
    code_execute_result = [{"code": "6 * 7", "result": "42"}]
    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "6 ? ?"


class Nbclient(unittest.TestCase):
    def test_a_notebook_of_the_set(self):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "a.ipynb"
            subprocess.run([*rivulet, "convert", str(root / "notebooks/02-windows.md"), str(file)], check=True)
            notebook = nbformat.read(file, as_version=4)
            NotebookClient(notebook, kernel_name="rivulet", timeout=seconds, resources={"metadata": {"path": str(root / "notebooks")}}).execute()
            results = [output.data for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs if output.output_type == "execute_result"]
            self.assertTrue(results[0]["text/plain"].startswith("/search      301\n"), results)
            drawn = results[-1]
            self.assertEqual(len(drawn["application/vnd.vegalite.v5+json"]["data"]["values"]), 180)
            self.assertTrue(drawn["text/html"].startswith("<svg"), drawn)


class Console(unittest.TestCase):
    def test_cells_are_typed_and_answered(self):
        command = [sys.executable, "-m", "jupyter_console", "--kernel", "rivulet", "--simple-prompt"]
        typed = 'const n = 6\nn * 7\nawait parallelize([["/", 5]]).top(1)\n.streams\n'
        ran = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=seconds)
        for said in ("Out[2]: 42", "/   5", "(none)"):
            self.assertIn(said, ran.stdout, ran)


class Managed(unittest.TestCase):
    """Interrupts and restarts as a page's buttons send them."""

    def setUp(self):
        self.manager, self.client = start_new_kernel(kernel_name="rivulet", startup_timeout=seconds)
        self.addCleanup(self.manager.shutdown_kernel, now=True)
        self.addCleanup(self.client.stop_channels)

    def value(self, code):
        results = []
        heard = lambda message: results.append(message["content"]) if message["msg_type"] == "execute_result" else None
        reply = self.client.execute_interactive(code, timeout=seconds, output_hook=heard)
        self.assertEqual(reply["content"]["status"], "ok", reply)
        return results[-1]["data"]["text/plain"] if results else None

    def interrupted(self, code):
        """Interrupts the cell once it has printed."""
        sent = self.client.execute(code)
        while True:
            message = self.client.get_iopub_msg(timeout=seconds)
            if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == sent:
                break
        self.manager.interrupt_kernel()
        while True:
            reply = self.client.get_shell_msg(timeout=seconds)
            if reply["parent_header"].get("msg_id") == sent:
                return reply["content"]

    def test_an_endless_loop_and_a_long_question_are_interrupted_and_state_is_kept(self):
        self.value("let kept = 41")
        self.assertEqual(self.interrupted('console.log("on"); for (;;) {}')["status"], "error")
        self.assertEqual(self.value("kept + 1"), "42")
        loop = 'console.log("asks"); await parallelize([1, 2, 3, 4, 5, 6, 7, 8], 8).map(n => { for (;;) {} return n }).count()'
        self.assertEqual(self.interrupted(loop)["status"], "error")
        self.assertTrue(self.value("await parallelize([1, 2, 3], 8).count()").startswith("3\n"))
        self.assertEqual(self.value("kept"), "41")

    def test_a_restarted_kernel_begins_anew(self):
        self.value("let kept = 1")
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=seconds)
        self.assertEqual(self.value("typeof kept"), '"undefined"')


if __name__ == "__main__":
    unittest.main()
