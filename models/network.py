"""The networks in Keras: the denoising autoencoder that is shipped, and the naive one that it is compared with.

Importing this file imports TensorFlow (about 20 s); only training does.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from models.autoencoder import ACTIVATION, flatten
from models.dataset import Ints
from models.detector import Matrix, Vector
from models.scaling import Floats32

_BATCH = 512
_SILENCED = 0.5  # share of inputs set to their medians: what a feature is worth must be said by the others
_NOISE = 0.1  # deviation of what is added to the inputs, in scales
Tell = Callable[[int, float], None]  # epochs done, loss on the later window


class _Teller(keras.callbacks.Callback):
    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._tell(epoch + 1, (logs or {}).get("val_loss", float("nan")))


def fit_autoencoder(
    train: Floats32, later: Floats32, *, hidden: Sequence[int], seed: int, epochs: int, tell: Tell
) -> keras.Model:
    """Train a denoising autoencoder with a bottleneck and linear output, stopped early on a later window.

    train, later  (n, d), (m, d)  scaled rows
    hidden                        units per hidden layer, the narrowest fewer than d
    seed                          same seed and rows, same weights
    tell                          hears every epoch
    -> the weights of the best epoch. Source: Vincent et al. (2008), denoising autoencoders.
    """
    _reseed(seed)
    rows = keras.Input((train.shape[1],), name="scaled")
    layer = keras.layers.Dropout(_SILENCED, seed=seed)(rows)
    layer = keras.layers.GaussianNoise(_NOISE, seed=seed + 1)(layer)
    for units in hidden:
        layer = keras.layers.Dense(units, activation=ACTIVATION)(layer)
    model = keras.Model(rows, keras.layers.Dense(train.shape[1], name="rebuilt")(layer), name="autoencoder")
    return _fit(model, train, later, epochs, tell, loss="mae")  # a square would be spent on rebuilding the rare


def fit_naive(
    train: Matrix, later: Matrix, *, hidden: Sequence[int], seed: int, epochs: int, tell: Tell
) -> keras.Model:
    """Train the autoencoder of the tutorials: inputs as they are (nan as 0), ReLU, sigmoid output.

    train, later  (n, d), (m, d)  features, unscaled
    """
    _reseed(seed)
    rows = keras.Input((train.shape[1],))
    layer = rows
    for units in hidden:
        layer = keras.layers.Dense(units, activation="relu")(layer)
    model = keras.Model(rows, keras.layers.Dense(train.shape[1], activation="sigmoid")(layer), name="naive")
    return _fit(model, _bare(train), _bare(later), epochs, tell, loss="mse")


def naive_score(model: keras.Model, x: Matrix) -> Vector:
    """Mean squared error of what :func:`fit_naive` rebuilds, ``(n, d) → (n,)``."""
    rows = _bare(x)
    rebuilt = model.predict(rows, batch_size=8192, verbose=0)
    return np.asarray(((rows - rebuilt).astype(np.float64) ** 2).mean(axis=1))


def rebuild(model: keras.Model, scaled: Floats32) -> Floats32:
    """Run scaled rows through a model of :func:`fit_autoencoder`, ``(n, d) → (n, d)``."""
    return np.asarray(model.predict(scaled, batch_size=8192, verbose=0))


def freeze(model: keras.Model, judged: Ints) -> Floats32:
    """Take the weights out of a model of :func:`fit_autoencoder`, flat, for ``models.forward``.

    judged  (m,) features that the last layer is to rebuild: of the others nothing is asked when it serves
    """
    arrays = [np.asarray(array, np.float32) for array in model.get_weights()]
    arrays[-2:] = [arrays[-2][:, judged], arrays[-1][judged]]
    return flatten(arrays[0::2], arrays[1::2])


def _bare(x: Matrix) -> Floats32:
    return np.nan_to_num(x).astype(np.float32)


def _reseed(seed: int) -> None:
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _fit(model: keras.Model, train: Floats32, later: Floats32, epochs: int, tell: Tell, *, loss: str) -> keras.Model:
    model.compile(keras.optimizers.Adam(2e-3, clipnorm=1.0), loss=loss)
    model.fit(
        train,
        train,
        validation_data=(later, later),
        epochs=epochs,
        batch_size=_BATCH,
        verbose=0,
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.4),
            keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True),
            _Teller(tell),
        ],
    )
    return model
