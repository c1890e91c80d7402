#!/usr/bin/env python3
"""Expected values for tests/check_oracle.c, by scikit-learn, fairlearn, statsmodels and SciPy.

Usage: make_oracle.py > tests/fixtures/oracle.json      (pip install -r tests/oracle/requirements.txt)

The file names the versions that made it. Cases are random from a fixed seed: few samples, so that groups
are empty, have one sample, or one class.
"""
import json
import sys
import warnings

import fairlearn
import fairlearn.metrics as fm
import numpy as np
import pandas as pd
import scipy
import scipy.stats
import sklearn
import sklearn.metrics as sm
import statsmodels
import statsmodels.api
import statsmodels.stats.contingency_tables
import statsmodels.stats.multitest
import statsmodels.stats.proportion

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20261127)

BINS = [("0-2", 2), ("3-9", 9), ("10-19", 19), ("20-29", 29), ("30-39", 39), ("40-49", 49),
        ("50-59", 59), ("60-69", 69), ("70+", 10**6)]
NAMES = {"gender": ["male", "female"], "race": ["White", "Black", "Asian", "Indian", "Other"],
         "age": [name for name, _ in BINS]}
AXES = {"age": "age_group", "gender": "gender", "race": "race"}
RATES = {"tpr": fm.true_positive_rate, "fpr": fm.false_positive_rate, "tnr": fm.true_negative_rate,
         "fnr": fm.false_negative_rate, "selection": fm.selection_rate}
DENOMINATOR = {"tpr": lambda t, p: t, "fnr": lambda t, p: t, "fpr": lambda t, p: ~t, "tnr": lambda t, p: ~t,
               "selection": lambda t, p: np.ones(len(t), bool), "precision": lambda t, p: p}


def age_bin(years):
    return np.array([next(i for i, (_, last) in enumerate(BINS) if np.floor(y + .5) <= last) for y in years])


def number(x):
    return None if x is None or not np.isfinite(x) else float(x)


def group_name(by, key):
    key = key if isinstance(key, tuple) else (key,)
    return ",".join(f"{AXES[a]}={v}" for a, v in zip(by, key))


def frame(metric, truth, said, features):
    return fm.MetricFrame(metrics=metric, y_true=truth, y_pred=said, sensitive_features=features)


def gaps(values, overall):
    """Of a series by group, as MetricFrame makes them."""
    values = values.dropna()
    if len(values) < 2:
        return {}
    ratios = values / overall
    ratios = ratios.where(ratios <= 1, 1 / ratios)
    return {"difference": number(values.max() - values.min()),
            "difference_to_overall": number((values - overall).abs().max()),
            "ratio": number(values.min() / values.max()), "ratio_to_overall": number(ratios.min())}


def frame_gaps(f):
    return {"difference": number(f.difference(method="between_groups", errors="coerce")),
            "difference_to_overall": number(f.difference(method="to_overall", errors="coerce")),
            "ratio": number(f.ratio(method="between_groups", errors="coerce")),
            "ratio_to_overall": number(f.ratio(method="to_overall", errors="coerce"))}


def by_group(by, f):
    return {group_name(by, k): number(v) for k, v in f.by_group.items() if np.isfinite(v)}


def table(by, metric, truth, said, features, signed=False):
    f = frame(metric, truth, said, features)
    out = {"overall": number(f.overall), "groups": by_group(by, f), "fairlearn": {} if signed else frame_gaps(f)}
    sizes = frame(fm.count, truth, said, features).by_group
    out["gaps"] = {} if signed else gaps(f.by_group.where(sizes >= 2), f.overall)
    return out


def rate_table(by, name, truth, said, features):
    """truth, said: booleans. Undefined where the denominator is empty; fairlearn's rule beside it."""
    if name == "precision":
        metric = lambda t, p: sm.precision_score(t, p, zero_division=0)
    else:
        metric = lambda t, p: RATES[name](t, p, pos_label=1)
    f = frame(metric, truth.astype(int), said.astype(int), features)
    n = frame(lambda t, p: DENOMINATOR[name](t.astype(bool), p.astype(bool)).sum(), truth.astype(int),
              said.astype(int), features)
    defined = f.by_group.where(n.by_group > 0)
    ranked = f.by_group.where(n.by_group >= 2)
    overall = f.overall if n.overall > 0 else np.nan
    return {"overall": number(overall),
            "groups": {group_name(by, k): number(v) for k, v in defined.items() if np.isfinite(v)},
            "gaps": gaps(ranked, overall) if np.isfinite(overall) else {},
            "fairlearn_groups": by_group(by, f), "fairlearn": frame_gaps(f)}


def clusters_of(n):
    return np.sort(rng.integers(0, max(1, int(n * .8)), n)) if rng.random() < .5 else np.arange(n)


def renumber(c):
    return np.unique(c, return_inverse=True)[1]


def audit_case(i):
    task = ["gender", "race", "age"][i % 3]
    n = int(rng.integers(5, 61))
    label = {"age": rng.choice([1, 2, 5, 12, 18, 25, 27, 33, 45, 52, 61, 70, 90], n),
             "gender": rng.integers(0, 2, n), "race": rng.choice(5, n, p=[.4, .2, .2, .15, .05])}
    by = [["gender"], ["race"], ["age"], ["gender", "race"], ["age", "gender"],
          ["age", "gender", "race"]][int(rng.integers(0, 5)) if i % 10 else 5]
    truth = label[task]
    if task == "age":
        said = np.clip(truth + rng.integers(-12, 13, n), 1, 116).astype(float)
        if i % 2:
            said = said + rng.choice([0, .25, .5], n)
    else:
        kind = i % 7
        right = {0: 0.0, 1: 1.0}.get(kind, .7)
        wrong = (truth + rng.integers(1, len(NAMES[task]), n)) % len(NAMES[task])
        said = np.where(rng.random(n) < right, truth, wrong).astype(float)
    cluster = renumber(clusters_of(n))
    features = pd.DataFrame({a: pd.Categorical([NAMES[a][k] for k in (age_bin(label[a]) if a == "age" else label[a])])
                             for a in by})
    features = features.astype(str)
    t_class, p_class = (age_bin(truth), age_bin(said)) if task == "age" else (truth, said.astype(int))
    metrics = {"accuracy": table(by, sm.accuracy_score, t_class, p_class, features)}
    if task == "age":
        metrics["mae"] = table(by, sm.mean_absolute_error, truth, said, features)
        metrics["mse"] = table(by, sm.mean_squared_error, truth, said, features)
        metrics["bias"] = table(by, lambda t, p: float(np.mean(p - t)), truth, said, features, signed=True)
        metrics["accuracy_within_1"] = table(by, lambda t, p: sm.accuracy_score(np.abs(p - t) <= 1, np.ones(len(t), bool)),
                                             t_class, p_class, features)
        metrics["cs_le_5"] = table(by, lambda t, p: float(np.mean(np.abs(p - t) <= 5)), truth, said, features)
        metrics["cs_lt_5"] = table(by, lambda t, p: float(np.mean(np.abs(p - t) < 5)), truth, said, features)
    k = int(rng.choice(np.unique(t_class)))
    is_k, said_k = t_class == k, p_class == k
    for name in list(RATES) + ["precision"]:
        metrics[f"{name}:{NAMES[task][k]}"] = rate_table(by, name, is_k, said_k, features)
    odds = {"difference": number(fm.equalized_odds_difference(is_k.astype(int), said_k.astype(int), sensitive_features=features)),
            "ratio": number(fm.equalized_odds_ratio(is_k.astype(int), said_k.astype(int), sensitive_features=features))}
    error = np.abs(said - truth) if task == "age" else (said == truth).astype(float)
    fit = statsmodels.api.OLS(error, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": cluster}) \
        if cluster.max() > 0 else None
    return {"task": task, "by": [AXES[a] for a in by], "class": NAMES[task][k], "truth": truth.tolist(),
            "predicted": said.tolist(), "age": label["age"].tolist(), "gender": label["gender"].tolist(),
            "race": label["race"].tolist(), "cluster": cluster.tolist(), "metrics": metrics, "equalised_odds": odds,
            "clustered": {"metric": "mae" if task == "age" else "accuracy",
                          "error": number(fit.bse[0]) if fit is not None else None},
            "confusion": sm.confusion_matrix(t_class, p_class, labels=range(len(NAMES[task]))).tolist()}


def calibration_error(confidence, correct, bins=15):
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for i, (low, high) in enumerate(zip(edges[:-1], edges[1:])):
        inside = (confidence > low) & (confidence <= high) if i else (confidence >= low) & (confidence <= high)
        if inside.any():
            total += inside.sum() * abs(correct[inside].mean() - confidence[inside].mean())
    return total / len(confidence)


def probability_case(i):
    ordinal, classes, n = bool(i % 2), int(rng.integers(2, 8)), int(rng.integers(2, 30))
    p = rng.dirichlet(np.full(classes, .7), n)
    if ordinal:
        above = np.minimum.accumulate(np.float32(rng.random((n, classes - 1))), axis=1)
        stored = above.astype(np.float32)
        full = -np.diff(np.concatenate([np.ones((n, 1)), stored.astype(float), np.zeros((n, 1))], axis=1), axis=1)
    else:
        stored = p.astype(np.float32)
        full = stored.astype(float)
    truth = rng.integers(0, classes, n)
    said = full.argmax(axis=1)
    whole = full / full.sum(axis=1, keepdims=True)
    one_hot = np.eye(classes)[truth]
    confidence = full[np.arange(n), said]
    cumulated = np.cumsum(whole, axis=1)
    return {"ordinal": ordinal, "classes": classes, "probabilities": [[float(x) for x in row] for row in stored],
            "truth": truth.tolist(), "argmax": said.tolist(), "expectation": (whole @ np.arange(classes)).tolist(),
            "median": [int(np.argmax(c >= .5 - 1e-12)) for c in cumulated],
            "brier": float(np.mean(np.sum((full - one_hot) ** 2, axis=1))),
            "log_loss": float(sm.log_loss(one_hot.argmax(axis=1), np.clip(full, 1e-15, 1), labels=list(range(classes)))
                              if not ordinal else np.mean(-np.log(np.maximum(1e-15, full[np.arange(n), truth])))),
            "calibration_error": float(calibration_error(confidence, said == truth))}


def shares():
    out = []
    for _ in range(60):
        n = int(rng.integers(1, 400))
        k = int(rng.choice([0, n, int(rng.integers(0, n + 1))]))
        alpha = float(rng.choice([.05, .1, .01]))
        interval = lambda method: [float(x) for x in statsmodels.stats.proportion.proportion_confint(k, n, alpha, method)]
        exact = scipy.stats.binomtest(k, n).proportion_ci(1 - alpha, "exact")
        out.append({"k": k, "n": n, "confidence": 1 - alpha, "wilson": interval("wilson"),
                    "exact": [float(exact.low), float(exact.high)]})
    return out


def means():
    out = []
    for _ in range(30):
        x, overlap = rng.normal(5, 2, int(rng.integers(2, 12))), float(rng.choice([0, .25, .11]))
        j = len(x)
        plain = scipy.stats.t.interval(.95, j - 1, loc=x.mean(), scale=scipy.stats.sem(x))
        half = scipy.stats.t.ppf(.975, j - 1) * np.sqrt(x.var(ddof=1) * (1 / j + overlap))
        out.append({"values": x.tolist(), "overlap": overlap,
                    "interval": [float(b) for b in plain] if overlap == 0 else [float(x.mean() - half), float(x.mean() + half)]})
    return out


def families():
    out = []
    for _ in range(40):
        p = np.round(rng.random(int(rng.integers(1, 13))) ** 3, int(rng.integers(2, 8)))
        adjust = lambda method: statsmodels.stats.multitest.multipletests(p, method=method)[1].tolist()
        out.append({"p": p.tolist(), "holm": adjust("holm"), "bh": adjust("fdr_bh")})
    return out


def mcnemars():
    out = []
    for _ in range(40):
        a, b = int(rng.integers(0, 40)), int(rng.integers(0, 40))
        p = statsmodels.stats.contingency_tables.mcnemar([[5, a], [b, 7]], exact=True).pvalue if a + b else 1.0
        out.append({"only_a": a, "only_b": b, "p": float(p)})
    return out


def flips():
    out = []
    for i in range(30):
        d = np.round(rng.normal(.3, 1, int(rng.integers(2, 12))), 3 if i % 2 else 0)
        r = scipy.stats.permutation_test((d,), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples",
                                         n_resamples=np.inf, vectorized=True)
        out.append({"difference": d.tolist(), "p": float(r.pvalue)})
    return out


def distributions():
    s = scipy.stats
    rows = []
    for p in (.001, .025, .2, .5, .9, .975, .9999):
        rows += [["normal_quantile", [p], s.norm.ppf(p)], ["student_t_quantile", [p, 1], s.t.ppf(p, 1)],
                 ["student_t_quantile", [p, 7.5], s.t.ppf(p, 7.5)], ["beta_quantile", [p, 2, 5], s.beta.ppf(p, 2, 5)],
                 ["beta_quantile", [p, .5, 30.25], s.beta.ppf(p, .5, 30.25)]]
    for x in (-3.2, -.1, 0, .7, 5):
        rows += [["normal_cdf", [x], s.norm.cdf(x)], ["student_t_two_sided", [x, 3], 2 * s.t.sf(abs(x), 3)]]
    for k, n, p in ((0, 5, .5), (3, 9, .5), (40, 100, .37), (7, 7, .2)):
        rows.append(["binomial_cdf", [k, n, p], s.binom.cdf(k, n, p)])
    return [[name, args, float(value)] for name, args, value in rows]


if __name__ == "__main__":
    json.dump({"made_by": {m.__name__: m.__version__ for m in (np, pd, scipy, sklearn, fairlearn, statsmodels)},
               "audits": [audit_case(i) for i in range(210)], "probabilities": [probability_case(i) for i in range(60)],
               "shares": shares(), "means": means(), "families": families(), "mcnemar": mcnemars(), "flips": flips(),
               "distributions": distributions()}, sys.stdout, separators=(",", ":"))
    print()
