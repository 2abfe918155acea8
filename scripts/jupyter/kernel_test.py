"""The kernel as Jupyter's own conformance tests and nbclient see it. Optional: needs Python.

    npm run build
    python3 -m venv /tmp/jupyter && /tmp/jupyter/bin/pip install jupyter_kernel_test nbclient
    node dist/shell/cli/main.js kernel install --prefix /tmp/jupyter
    /tmp/jupyter/bin/python scripts/jupyter/kernel_test.py
"""

import subprocess
import tempfile
import unittest
from pathlib import Path

import jupyter_kernel_test
import nbformat
from nbclient import NotebookClient

root = Path(__file__).resolve().parents[2]


class RivuletKernel(jupyter_kernel_test.KernelTests):
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
            rivulet = ["node", str(root / "dist/shell/cli/main.js")]
            subprocess.run([*rivulet, "convert", str(root / "notebooks/01-page-views.md"), str(file)], check=True)
            notebook = nbformat.read(file, as_version=4)
            NotebookClient(notebook, kernel_name="rivulet", timeout=120, resources={"metadata": {"path": str(root / "notebooks")}}).execute()
            outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
            texts = [output.data["text/plain"] for output in outputs if output.output_type == "execute_result"]
            self.assertTrue(texts[0].startswith("112\n"), texts)
            self.assertTrue(any("/favicon.ico" in text for text in texts), texts)


if __name__ == "__main__":
    unittest.main()
