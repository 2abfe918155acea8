"""The kernel as Jupyter's own conformance tests, nbclient, nbconvert, `jupyter console` and its own manager see it. Optional: needs Python. Either of

    apt-get install python3-jupyter-kernel-test python3-nbclient python3-nbconvert jupyter-console
    python3 -m venv /tmp/jupyter && /tmp/jupyter/bin/pip install jupyter_kernel_test nbclient nbconvert jupyter_console

and then, with that Python, after `npm run build`:

    /usr/bin/python3 scripts/jupyter/kernel_test.py
"""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
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
            self.assertEqual(len(drawn["application/vnd.vegalite.v5+json"]["data"]["values"]), 36)
            self.assertTrue(drawn["text/html"].startswith("<svg"), drawn)


    @unittest.skipUnless(importlib.util.find_spec("nbconvert"), "nbconvert is not installed")
    def test_a_page_that_nbconvert_executes(self):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "a.ipynb"
            subprocess.run([*rivulet, "convert", str(root / "notebooks/01-page-views.md"), str(file)], check=True)
            Path(directory, "fixtures").symlink_to(root / "notebooks/fixtures")
            command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", str(file)]
            subprocess.run(command, check=True, timeout=seconds, capture_output=True)
            page = file.with_suffix(".html").read_text()
            self.assertIn("<td>/images/web/2009/banner.png</td>", page)


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


def processes(*words):
    """Ids of those whose command line has all the words."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            line = (directory / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if all(any(word in part for part in line) for word in words):
            found.append(int(directory.name))
    return found


def eventually(condition, what):
    """Processes end and clusters recover when they do."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(what)
        time.sleep(0.2)


class Killed(unittest.TestCase):
    def test_a_kernel_that_is_killed_leaves_neither_processes_nor_files(self):
        with tempfile.TemporaryDirectory() as temporary:
            manager, client = start_new_kernel(kernel_name="rivulet", startup_timeout=seconds, env={**os.environ, "TMPDIR": temporary})
            client.execute_interactive("await parallelize([1, 2, 3]).count()", timeout=seconds, output_hook=lambda message: None)
            own = processes(temporary)
            self.assertTrue(own)
            (kernel,) = processes("kernel", manager.connection_file)
            os.kill(kernel, signal.SIGKILL)
            client.stop_channels()
            eventually(lambda: not processes(temporary), own)
            eventually(lambda: not list(Path(temporary).iterdir()), temporary)
            manager.shutdown_kernel(now=True)


class Attached(unittest.TestCase):
    """Kernels of a master that was there before them."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.master = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        self.nodes = []
        self.addCleanup(self.end)
        self.start_master()
        for name in ("w1", "w2"):
            self.start("worker", "--master", self.master, "--dir", f"{self.directory.name}/{name}")
        command = [*rivulet, "kernel", "install", "--prefix", prefix.name, "--name", "attached", "-m", self.master]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self, *words):
        self.nodes.append(subprocess.Popen([*rivulet, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return self.nodes[-1]

    def start_master(self):
        return self.start("master", "--bind", self.master, "--dir", f"{self.directory.name}/master")

    def end(self):
        for node in self.nodes:
            node.kill()
        for node in self.nodes:
            node.wait()

    def kernel(self):
        manager, client = start_new_kernel(kernel_name="attached", startup_timeout=seconds)
        self.addCleanup(manager.shutdown_kernel, now=True)
        self.addCleanup(client.stop_channels)
        return manager, client

    def run_cell(self, client, code):
        heard = []
        reply = client.execute_interactive(code, timeout=seconds, output_hook=heard.append)
        self.assertEqual(reply["content"]["status"], "ok", reply)
        return heard

    def value(self, client, code):
        results = [message["content"] for message in self.run_cell(client, code) if message["msg_type"] == "execute_result"]
        return results[-1]["data"]["text/plain"]

    def test_two_kernels_share_streams_and_outlive_a_master(self):
        _, one = self.kernel()
        manager, other = self.kernel()
        self.run_cell(one, 'const words = readStream("words", "1s")\nconst counts = words.map(w => [w, 1]).runningReduce(sum)\nlet kept = 1')
        subprocess.run([*rivulet, "send", "words", "-m", self.master], input="a\nb\na\n", text=True, check=True, capture_output=True)
        eventually(lambda: self.value(other, 'await stream("counts").get("a")').startswith("2"), "the other kernel sees no counts")

        panel = next(message for message in self.run_cell(one, ".watch counts.top(3)") if message["msg_type"] == "display_data")
        identity = panel["content"]["transient"]["display_id"]

        self.nodes[0].send_signal(signal.SIGKILL)
        self.nodes[0].wait()
        asked = one.execute('await counts.get("a")')
        time.sleep(3)
        self.start_master()
        while (reply := one.get_shell_msg(timeout=seconds))["parent_header"].get("msg_id") != asked:
            pass
        self.assertEqual(reply["content"]["status"], "ok", reply)
        self.assertEqual(self.value(one, "kept"), "1")
        self.assertTrue(self.value(other, 'await stream("counts").get("a")').startswith("2"))
        subprocess.run([*rivulet, "send", "words", "-m", self.master], input="b\nb\n", text=True, check=True, capture_output=True)
        while True:
            message = one.get_iopub_msg(timeout=seconds)
            if message["msg_type"] == "update_display_data" and any(line.split()[:2] == ["b", "3"] for line in message["content"]["data"]["text/plain"].split("\n")):
                self.assertEqual(message["content"]["transient"]["display_id"], identity)
                break

        # A kernel of its own is restarted: the cluster's streams are there, its own names are not.
        manager.restart_kernel()
        other.wait_for_ready(timeout=seconds)
        self.assertTrue(self.value(other, 'await stream("counts").get("b")').startswith("3"))


if __name__ == "__main__":
    unittest.main()
