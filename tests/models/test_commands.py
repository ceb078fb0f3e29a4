"""``weir train`` from the command line, and what is imported by it and without it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = "[producers.cards]\ncustomers = 60\nterminals = 100\npayments_per_day = 4.0\n"


def python(code: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, check=False)


def test_serving_imports_no_training_library() -> None:
    """The worker starts without TensorFlow, scikit-learn, XGBoost, matplotlib: imports that take seconds and memory."""
    done = python(
        "import sys, models.autoencoder, models.ensemble, models.robust, models.contract, models.commands\n"
        "from models.plugins import load_detectors\n"
        "load_detectors(('autoencoder', 'robust'), None)\n"
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'matplotlib', 'xgboost') if name in sys.modules])"
    )

    assert done.stdout.strip() == "[]", done.stderr


def test_without_the_extra_one_line_says_how_to_install_it() -> None:
    """No TensorFlow in this interpreter."""
    done = python(
        "import sys; sys.modules['keras'] = sys.modules['tensorflow'] = None\n"
        "sys.argv = ['weir', 'train']\nfrom stream.cli import main\nmain()"
    )

    assert done.returncode == 3
    assert done.stderr.strip().splitlines()[-1] == "weir: training needs keras. Install it: uv sync --extra train"


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_simulated_history_becomes_an_artefact(tmp_path: Path) -> None:
    """Fifty-six days, the fewest, of sixty customers: figures of every detector, a card that repeats them, a table."""
    pytest.importorskip("tensorflow", reason="needs the extra: uv sync --extra train")
    (tmp_path / "weir.toml").write_text(SMALL)
    code = (
        "import sys; sys.argv = ['weir', 'train', '--days', '56', '--epochs', '1', '--out', 'model', "
        "'--alert-budget', '0.02']\nfrom stream.cli import main\nmain()"
    )
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "model" / "metrics.json").read_text())["detectors"]
    card = (tmp_path / "model" / "card.md").read_text()

    assert {"autoencoder", "robust", "naive_autoencoder", "pca_residual", "isolation_forest"} <= set(figures)
    for name, figure in figures.items():
        assert f"| {name} | {figure['average_precision']:.3f} [" in card
    assert "autoencoder_judging_all" in done.stdout
