"""Builds and runs every test of the workspace, suite by suite, and keeps a table of seconds.

A suite is one test program of one package. Fails when a test fails, when a test is ignored or filtered out,
when a file with tests is in no test program, or when a suite takes longer than tests/budget.toml allows.
"""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "node/web"
RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored; \d+ measured; (\d+) filtered out", re.M)
TEST = re.compile(r"#\[(?:\w+::)*test\b|\bproptest!\s*\{")


def build():
    """Returns the seconds it took, and package, target and program of every test program."""
    start = time.monotonic()
    command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--message-format=json-render-diagnostics"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit("the tests do not build")
    programs = []
    for line in run.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["executable"] and message["profile"]["test"]:
            package = Path(message["manifest_path"]).parent
            target = message["target"]
            programs.append((package, target["name"], Path(message["executable"])))
    return time.monotonic() - start, sorted(programs)


def run_program(package, program):
    """Runs one test program as cargo would; returns its counts: passed, failed, ignored, filtered out."""
    environment = dict(os.environ, CARGO_MANIFEST_DIR=str(package))
    run = subprocess.run([program], cwd=package, env=environment, stdout=subprocess.PIPE, text=True)
    print(run.stdout, end="", flush=True)
    results = RESULT.findall(run.stdout)
    if len(results) != 1:
        print(f"{program.name} ended without a result (status {run.returncode})")
        return 0, 1, 0, 0
    passed, failed, ignored, filtered = map(int, results[0])
    if run.returncode != 0 and failed == 0:
        failed = 1
    return passed, failed, ignored, filtered


def run_doc_tests():
    """Runs the examples in the documentation; returns passed and failed."""
    command = ["cargo", "test", "--workspace", "--locked", "--doc"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    results = [tuple(map(int, found)) for found in RESULT.findall(run.stdout)]
    if run.returncode != 0:
        print(run.stdout)
    passed, failed, ignored, _ = (sum(column) for column in zip(*results)) if results else (0, 0, 0, 0)
    return passed, failed + (run.returncode != 0 and failed == 0), ignored, 0


def web_suites(programs):
    """Returns the suites of the pages: what needs no browser, and what drives one against the node just built."""
    built = subprocess.run(["node", "build.mjs", "test"], cwd=WEB)
    if built.returncode != 0:
        sys.exit("the tests of the pages do not build")
    files = sorted(file.name.removesuffix(".ts") + ".mjs" for file in (WEB / "test").glob("*.test.ts"))
    beside = programs[0][2].parent.parent
    of = {"lib": [f for f in files if f == "lib.test.mjs"], "browser": [f for f in files if f != "lib.test.mjs"]}
    return [(f"node/web:{name}", lambda some=some: run_web(some, beside)) for name, some in of.items()]


def run_web(files, programs):
    """Runs test programs of the pages, one after the other; returns passed, failed, ignored, filtered out."""
    environment = dict(os.environ, KLAVER_ROOT=str(ROOT), KLAVER_PROGRAMS=str(programs))
    command = ["node", "--test", "--test-reporter=tap", "--test-concurrency=1", *(f"node_modules/.klaver-test/{file}" for file in files)]
    run = subprocess.run(command, cwd=WEB, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    print(run.stdout, end="", flush=True)
    count = {name: int(number) for name, number in re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", run.stdout, re.M)}
    failed = count.get("fail", 0) + count.get("cancelled", 0)
    if run.returncode != 0 and failed == 0 or count.get("pass", 0) == 0:
        failed += 1
    return count.get("pass", 0), failed, count.get("skipped", 0) + count.get("todo", 0), 0


def forgotten_files(programs):
    """Returns the files with tests that no test program was compiled from."""
    compiled = set()
    for _, _, program in programs:
        for line in program.with_suffix(".d").read_text().splitlines():
            compiled.update(str((ROOT / name).resolve()) for name in line.split(": ", 1)[-1].split())
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.rs"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    files = [ROOT / name for name in tracked.stdout.splitlines()]
    return [f for f in files if f.exists() and TEST.search(f.read_text()) and str(f.resolve()) not in compiled]


def main():
    budget = tomllib.loads((ROOT / "tests/budget.toml").read_text())["seconds"]
    complaints = []
    rows = []
    total_passed = total_failed = 0

    seconds, programs = build()
    rows.append(("build", seconds, ""))
    for file in forgotten_files(programs):
        complaints.append(f"{file.relative_to(ROOT)} has tests, but no test program contains them: declare the module, or delete the file")

    suites = [(f"{package.relative_to(ROOT)}:{target}", lambda p=package, q=program: run_program(p, q)) for package, target, program in programs]
    suites += web_suites(programs)
    suites.append(("documentation", run_doc_tests))
    for name, run in suites:
        print(f"\n-- {name}", flush=True)
        start = time.monotonic()
        passed, failed, ignored, filtered = run()
        rows.append((name, time.monotonic() - start, f"{passed} passed, {failed} failed"))
        total_passed += passed
        total_failed += failed
        if ignored or filtered:
            complaints.append(f"{name}: {ignored} tests are ignored and {filtered} filtered out: run them or delete them")

    print(f"\n{'suite':<40} {'seconds':>8} {'budget':>8}")
    for name, seconds, counts in rows:
        allowed = budget.get(name)
        print(f"{name:<40} {seconds:>8.1f} {allowed if allowed is not None else '-':>8}  {counts}")
        if allowed is None:
            complaints.append(f"{name} has no line in tests/budget.toml: give it its seconds on 2 cores")
        elif seconds > allowed:
            complaints.append(f"{name} took {seconds:.0f} s, its budget is {allowed} s: make it faster, or argue for more in tests/budget.toml")
    for name in sorted(set(budget) - {name for name, _, _ in rows}):
        complaints.append(f"tests/budget.toml names {name}, which does not exist: remove the line")

    for complaint in complaints:
        print(f"error: {complaint}")
    print(f"\n{total_passed} passed, {total_failed + len(complaints)} failed")
    sys.exit(1 if total_failed or complaints else 0)


if __name__ == "__main__":
    main()
