"""What `paintcam bench` recommends, and how it survives a provider that crashes or hangs."""

from __future__ import annotations

import json

import pytest

from clip_fixtures import run
from paintcam.cli import bench_advice
from paintcam.cli.bench_advice import Trial, best_provider, try_provider, variant_advice


def test_a_provider_is_measured_in_a_process_of_its_own():
    trial = try_provider("sketch", "cpu")
    assert trial.problem == ""
    assert 0 < trial.frame_ms < 10_000


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os.kill(os.getpid(), 11)", "it crashed (code -11)"),
        ("import time; time.sleep(60)", "timed out after 0.5 s"),
        ("raise ValueError('Error: no such driver')", "no such driver"),
    ],
)
def test_a_provider_that_crashes_hangs_or_fails_is_reported(monkeypatch, code, problem):
    monkeypatch.setattr(bench_advice, "TRY_CODE", code)
    limit_s = 0.5 if "sleep" in code else 60
    assert try_provider("sketch", "cuda", limit_s) == Trial("cuda", None, problem)


def test_a_provider_that_is_not_installed_is_an_error():
    assert "has no provider rocm" in try_provider("sketch", "rocm").problem


def test_the_cpu_is_recommended_unless_another_is_much_faster():
    cpu, slow = Trial("cpu", 100.0), Trial("coreml", 350.0)
    assert best_provider([cpu, slow]) == "cpu"
    assert best_provider([cpu, Trial("coreml", 90.0)]) == "cpu"
    assert best_provider([cpu, Trial("cuda", 9.0), slow]) == "cuda"
    assert best_provider([Trial("cpu", None, "broken"), slow]) == "coreml"
    assert best_provider([Trial("cpu", None, "broken")]) == ""


def test_a_smaller_clip_is_recommended_where_frames_take_long():
    assert variant_advice("clip:ViT-B-16", 399.0) == ""
    assert "models pull clip:ViT-B-32" in variant_advice("clip:ViT-B-16", 650.0)
    assert "clip:ViT-B-16-int8" in variant_advice("clip:ViT-B-16", 650.0)
    assert "--model sketch" in variant_advice("clip:ViT-B-32", 650.0)
    assert variant_advice("sketch", 650.0) == ""
    assert variant_advice("clip:ViT-B-16", None) == ""


def test_bench_compares_the_providers(clip_cache):
    ran = run(
        ["-m", "paintcam", "bench", "--providers", "--model", "sketch", "--json"], clip_cache.env
    )
    row = json.loads(ran.stdout)
    assert row["type"] == "providers"
    assert "cpu" in [trial["provider"] for trial in row["trials"]]
    assert row["best"]
