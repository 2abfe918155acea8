"""A page of Jupyter with a live table and a plot, opened in headless Chromium: it must show what the terminal shows. Writes docs/notebook.png.
Optional: needs Python and Chromium.

    apt-get install chromium
    python3 -m venv /tmp/jupyter && /tmp/jupyter/bin/pip install notebook playwright
    npm run build
    /tmp/jupyter/bin/python scripts/jupyter/screenshot.py
"""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

root = Path(__file__).resolve().parents[2]
rivulet = ["node", str(root / "dist/shell/cli/main.js")]
picture = root / "docs" / "notebook.png"
limit_ms = 60_000
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

program = """import { readStream, sum } from "rivulet"

export const views = readStream("views", "1s", { format: "combined" })
export const counts = views.map(v => [v.url, 1]).runningReduce(sum)
"""

cells = [
    ("markdown", "# Page views, as they come"),
    ("code", ".watch counts.top(3)"),
    ("code", 'await views.window("5s").slice("-30s").count()'),
    ("code", 'await counts.changes("-10s").top(3, c => c.delta)'),
]


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def traffic(pipe, ended):
    """A steady mix, with a wave in it."""
    urls = itertools.cycle(["/", "/", "/products", "/", "/search", "/products", "/", "/cart", "/favicon.ico"])
    for second in itertools.count():
        stamp = datetime.now(timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
        for _ in range(60 + 40 * (second // 8 % 2)):
            pipe.write(f'10.0.0.1 - - [{stamp}] "GET {next(urls)} HTTP/1.1" 200 512 "-" "-"\n')
        pipe.flush()
        if ended.wait(1):
            return


def write_page(directory):
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "rivulet", "display_name": "Rivulet", "language": "typescript"}
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    notebook.cells = [make[kind](text) for kind, text in cells]
    nbformat.write(notebook, directory / "views.ipynb")


def asked(master, question):
    ran = subprocess.run([*rivulet, "query", question, "-m", master, "-o", "json"], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)["rows"]


def answers(port):
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def look(address):
    """Runs the page's cells; gives what it shows: the live table's head and rows, the plot's labels and stamp, the last table's rows and stamp."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 980})
        page.set_default_timeout(limit_ms)
        try:
            page.goto(address)
            page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
            # What is run before the kernel is there is not run.
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_text("Run All Cells", exact=True).click()
            page.locator(".jp-OutputArea-output table").first.wait_for()
            page.locator(".jp-OutputArea-output svg polyline").first.wait_for()
            live = page.locator(".jp-OutputArea-output pre").filter(has_text="/products").first
            before = live.inner_text()
            page.wait_for_function("text => !document.querySelector('.jp-Notebook').innerText.includes(text)", arg=before)
            panel = page.locator(".jp-OutputArea-output div").filter(has=page.locator("pre")).filter(has_text="live").last.inner_text()
            labels = page.locator(".jp-OutputArea-output svg text").all_text_contents()
            drawn = page.locator(".jp-OutputArea-output svg + div").inner_text()
            rows = page.locator(".jp-OutputArea-output table tbody tr").all_inner_texts()
            return panel, labels, drawn, rows, page.locator(".jp-OutputArea-output table + div").inner_text()
        finally:
            page.screenshot(path=picture)
            browser.close()


def number(value):
    return f"{value:,}".replace(",", " ")


def a_second(time, step):
    return (datetime.strptime(time, "%H:%M:%S") + timedelta(seconds=step)).strftime("%H:%M:%S")


def compare(panel, labels, drawn, rows, stamp, master):
    """What the page shows must be what a terminal is told of the same intervals."""
    head, *lines = panel.strip().split("\n")
    end = head.split(" · ")[2]
    top = asked(master, f'counts.at("{a_second(end, -1)}").top(3)')
    shown = [line.split("  ")[0:1] + [part.strip() for part in line.split("  ") if part.strip()][1:2] for line in lines]
    assert shown == [[url, number(count)] for url, count in top], (panel, top)

    first, last = drawn.split(" · ")[0].split("–")
    series = asked(master, f'views.window("5s").slice("{first}", "{last}").count()')
    counts = [row["value"] if isinstance(row, dict) else row for row in series]
    assert {number(max(counts)), number(min(counts))} <= set(labels), (labels, series)

    before, last = stamp.split(" · ")[1].split("–")
    # The stamp begins with the version that the changes are compared with: they begin when its interval ends.
    first = a_second(before, 1)
    told = asked(master, f'counts.changes("{first}", "{last}").top(3, c => c.delta)')
    expected = [[row["key"], *(number(row[name]) for name in ("before", "after", "delta"))] for row in told]
    assert [row.split("\t") for row in rows] == expected, (rows, expected, stamp)
    print(f"{picture}: the live table is the terminal's of {end}, and moves; the plot's ends are; the table is, of {first}–{last}")


def main():
    processes = []
    ended = threading.Event()

    def start(command, **options):
        processes.append(subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options))
        return processes[-1]

    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        master = f"tcp://127.0.0.1:{free_port()}"
        try:
            start([*rivulet, "master", "--bind", master, "--dir", str(directory / "master")])
            for worker in ("w1", "w2"):
                start([*rivulet, "worker", "--master", master, "--dir", str(directory / worker)])
            subprocess.run([*rivulet, "kernel", "install", "-m", master, "--prefix", name], check=True, **quiet)
            sender = start([*rivulet, "send", "views", "-m", master], stdin=subprocess.PIPE, text=True)
            threading.Thread(target=traffic, args=(sender.stdin, ended), daemon=True).start()
            (directory / "views.ts").write_text(program)
            while subprocess.run([*rivulet, "submit", str(directory / "views.ts"), "-m", master], **quiet).returncode != 0:
                time.sleep(1)
            write_page(directory)
            port = free_port()
            env = {**os.environ, "JUPYTER_PATH": str(directory / "share" / "jupyter"), "JUPYTER_CONFIG_DIR": str(directory / "config")}
            server = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={name}"]
            start([sys.executable, "-m", "notebook", *server], env=env)
            # What was sent before there was a stream came with its first interval: that is to be over.
            while not answers(port) or len(asked(master, 'counts.slice("-50s").count()')) < 40:
                time.sleep(2)
            compare(*look(f"http://127.0.0.1:{port}/notebooks/views.ipynb"), master)
        finally:
            ended.set()
            for process in reversed(processes):
                os.killpg(process.pid, signal.SIGTERM)
            for process in processes:
                process.wait()


main()
