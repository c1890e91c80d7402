#!/usr/bin/env python3
"""Compares `dmtl audit` with fairlearn and scikit-learn on the predictions that a store holds.

Usage: check_store.py build/release/dmtl results/utkface-quick.db utkface-quick [VARIANT]

Every cell's value and every gap of accuracy, MAE, MSE and the rates of each class, by each attribute and by all
crossed, must agree to 1e-12: by our rule and, with --fairlearn-compat, by fairlearn's. Of several seeds the mean over
seeds is taken of each cell's value, as dmtl does. Exits with 1 where one differs.
"""
import json
import sqlite3
import subprocess
import sys
import warnings

import fairlearn.metrics as fm
import numpy as np
import pandas as pd
import sklearn.metrics as sm

from make_oracle import AXES, BINS, NAMES, RATES, age_bin, group_name

warnings.filterwarnings("ignore")
dmtl, db, grid = sys.argv[1:4]
variant = sys.argv[4] if len(sys.argv) > 4 else "full"
BY = [["age"], ["gender"], ["race"], ["age", "gender", "race"]]


def predictions():
    sql = """SELECT p.seed, p.task, p.sample, p.truth, p.predicted, s.age, s.gender, s.race FROM v_predictions p
             JOIN v_samples s ON s.sample = p.sample WHERE p.grid = ? AND p.variant = ? AND p.part = 'test'"""
    return pd.read_sql(sql, sqlite3.connect(db), params=(grid, variant))


def audit(compat):
    command = [dmtl, "audit", f"{grid}:{variant}", "--db", db, "--draws", "0", "--min-n", "1", "--format", "json"]
    for by in BY:
        command += ["--by", ",".join(AXES[a] for a in by)]
    command += ["--metric", "accuracy,mae,mse,tpr,fpr,tnr,fnr,selection"] + (["--fairlearn-compat"] if compat else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["tables"]


def by_seed(rows, metric, by, need):
    """Mean over seeds of the metric by group, and overall; NaN where `need` counts nothing."""
    values, overall = [], []
    for _, run in rows.groupby("seed"):
        features = pd.DataFrame({a: run[f"group_{a}"].to_numpy() for a in by})
        f = fm.MetricFrame(metrics={"m": metric, "n": need}, y_true=run["t"].to_numpy(), y_pred=run["p"].to_numpy(),
                           sensitive_features=features)
        values.append(f.by_group["m"].where(f.by_group["n"] > 0))
        overall.append(f.overall["m"] if f.overall["n"] > 0 else np.nan)
    return pd.concat(values, axis=1).mean(axis=1, skipna=True), np.nanmean(overall)


def gaps(values, overall):
    values = values.dropna()
    ratios = values / overall
    ratios = ratios.where(ratios <= 1, 1 / ratios)
    return {"difference": values.max() - values.min(), "difference_to_overall": (values - overall).abs().max(),
            "ratio": values.min() / values.max(), "ratio_to_overall": ratios.min()}


def metric_of(name, rows, compat):
    """The metric's function, the columns it compares, and what its denominator counts."""
    kind, _, group = name.partition(":")
    task = rows["task"].iloc[0]
    everyone = lambda t, p: len(t)
    if kind in ("mae", "mse"):
        return {"mae": sm.mean_absolute_error, "mse": sm.mean_squared_error}[kind], rows.assign(
            t=rows["truth"], p=rows["predicted"]), everyone
    classes = rows.assign(t=age_bin(rows["truth"]) if task == "age" else rows["truth"],
                          p=age_bin(rows["predicted"]) if task == "age" else rows["predicted"].astype(int))
    if kind == "accuracy":
        return sm.accuracy_score, classes, everyone
    k = NAMES[task].index(group)
    need = {"tpr": lambda t, p: t.sum(), "fnr": lambda t, p: t.sum(), "fpr": lambda t, p: (1 - t).sum(),
            "tnr": lambda t, p: (1 - t).sum(), "selection": everyone}[kind]
    rate = lambda t, p: RATES[kind](t, p, pos_label=1)
    return rate, classes.assign(t=(classes["t"] == k).astype(int), p=(classes["p"] == k).astype(int)), \
        everyone if compat else need


def differs(a, b):
    a, b = (np.nan if x is None else x for x in (a, b))
    return np.isnan(a) != np.isnan(b) or abs(a - b) > 1e-12 * max(1, abs(b))


def main():
    rows = predictions()
    for a in AXES:
        rows[f"group_{a}"] = [NAMES[a][k] for k in (age_bin(rows["age"]) if a == "age" else rows[a])]
    checked = wrong = 0
    for compat in (False, True):
        for table in audit(compat):
            by = [a for a in AXES if AXES[a] in table["by"].split(",")]
            metric, of_task, need = metric_of(table["metric"], rows[rows["task"] == table["task"]], compat)
            values, overall = by_seed(of_task, metric, by, need)
            want = {group_name(by, k): v for k, v in values.items()}
            pairs = [(c["group"], c["value"], want.get(c["group"], np.nan)) for c in table["cells"]]
            pairs.append(("all", table["all"]["value"], overall))
            ranked = [c["group"] for c in table["cells"] if c["ranked"]]
            if len(ranked) >= 2:
                kept = pd.Series({g: want[g] for g in ranked})
                pairs += [(k, table["gaps"][k]["value"], v) for k, v in gaps(kept, overall).items()]
            for what, got, expected in pairs:
                checked += 1
                if differs(got, expected):
                    wrong += 1
                    print(f"{table['task']} {table['metric']} by {table['by']}, {what}: {got}, expected {expected}")
    print(f"{checked} values checked, {wrong} differ")
    return wrong != 0


sys.exit(main())
