#!/usr/bin/env python3
"""Writes curves.inc: the losses of every step of two small cells (tests/fixtures/curves.json), by one build of
dmtl, which builds with another libtorch are held to. Made with Debian 12's libtorch (1.13.0 by its headers,
OpenBLAS 0.3.21) on an AMD EPYC:
    /usr/bin/python3 tests/reference/curves.py build/release/dmtl > tests/reference/curves.inc
"""
import os
import sqlite3
import subprocess
import sys
import tempfile

dmtl, grid = os.path.abspath(sys.argv[1]), os.path.abspath("tests/fixtures/curves.json")
tasks = ("age", "gender", "race")
with tempfile.TemporaryDirectory() as folder:
    for words in (f"{dmtl} data synth --out faces -n 220 --px 32",
                  f"{dmtl} run {grid} --data synthetic=faces --threads 1 --db curves.db"):
        subprocess.run(words.split(), cwd=folder, check=True, stdout=sys.stderr)
    db = sqlite3.connect(folder + "/curves.db")
    print("/* by curves.py */")
    print("static const char curves_libtorch[] =",
          '"%s";' % db.execute("SELECT DISTINCT libtorch FROM v_runs").fetchone())
    print("static const struct {\n    const char *variant;\n    int step;\n    double loss[3]; /* age, gender, race */\n}"
          " curves[] = {")
    for variant in ("uncertainty", "equal"):
        rows = db.execute("SELECT step, task, loss FROM v_weights WHERE variant = ?", (variant,)).fetchall()
        loss = {(step, task): value for step, task, value in rows}
        for step in sorted({row[0] for row in rows}):
            print('    {"%s", %d, {%s}},' % (variant, step, ", ".join("%.9g" % loss[step, t] for t in tasks)))
    print("};")
