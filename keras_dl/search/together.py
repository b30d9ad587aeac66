"""Resolution, depth and width moved together by one number: compound scaling, and TinyNet's rule for small networks."""

from __future__ import annotations

import functools
import math

import numpy as np

from keras_dl.catalogue.describe import describe
from keras_dl.config import Config
from keras_dl.errors import UsageError

DEPTH, WIDTH, RESOLUTION = 1.2, 1.1, 1.15
"""alpha, beta and gamma; depth x width^2 x resolution^2 is about 2"""
PHI = (-3.0, 3.0)
"""from an eighth of the multiply-adds to eight times as many"""
TINYNETS = (
    (0.0631, 106 / 224, 0.6),
    (0.1337, 152 / 224, 0.695),
    (0.2580, 184 / 224, 0.85),
    (0.5202, 188 / 224, 1.1),
    (0.8731, 192 / 224, 1.2),
)
"""of TinyNet E to A against EfficientNet-B0: the share of its multiply-adds, of its resolution, of its depth"""
SHARES = (TINYNETS[0][0], 1.0)
CLOSE = 0.02
CORRECTIONS = ("width", "width", "resolution", "resolution", "resolution")


def check(config: Config, space: str) -> None:
    """Raise `UsageError` if `config` lacks one of the three, or takes pictures that are not square."""
    axes = {scale.axis for scale in config.scales().values()}
    if getattr(config, "fixed_size", True):
        raise UsageError(f"space={space} moves the resolution of pictures, which {config.family} does not let vary")
    height, breadth, _channels = config.input_shape
    if height != breadth:
        raise UsageError(f"space={space} needs square pictures, these are {height}x{breadth}; set image_size")
    if missing := {"width", "depth"} - axes:
        raise UsageError(f"space={space} moves width and depth, {config.family} has no {' and no '.join(missing)}")


def compound(config: Config, phi: float) -> Config:
    """`config` with 1.15^phi times the resolution, 1.2^phi times the depth and 1.1^phi times the width.

    Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, section 3.3. The
    multiply-adds grow by about 2^phi, as far as whole layers and filters let them.
    """
    return _scaled(config, resolution=RESOLUTION**phi, depth=DEPTH**phi, width=WIDTH**phi)


@functools.lru_cache(maxsize=256)
def tinynet(config: Config, share: float) -> Config:
    """A network with the `share` of the multiply-adds of `config`: resolution first, then depth, width by what is left.

    Han, Wang, Zhang, Zhang, Xu & Zhang, "Model Rubik's Cube: Twisting Resolution, Depth and Width for TinyNets",
    NeurIPS 2020, section 3: resolution and depth are functions of the share, fitted to the best small networks; the
    width w follows from share = resolution^2 x depth x w^2. Their fit is not published as numbers: here the functions
    are straight lines in the logarithm of the share through their five networks, and through `config` at 1. As filters
    come in steps, the width is corrected twice, then the resolution, until the multiply-adds are within 2 %.
    """
    if share == 1:
        return config
    shares, resolutions, depths = np.array((*TINYNETS, (1.0, 1.0, 1.0))).T
    factors = {
        "resolution": float(np.interp(math.log(share), np.log(shares), resolutions)),
        "depth": float(np.interp(math.log(share), np.log(shares), depths)),
    }
    factors["width"] = math.sqrt(share / factors["depth"]) / factors["resolution"]
    wanted, misses = share * describe(config).multiply_adds, {}
    for corrected in CORRECTIONS:
        candidate = _scaled(config, **factors)
        ratio = describe(candidate).multiply_adds / wanted
        misses[candidate] = abs(math.log(ratio))
        if abs(ratio - 1) < CLOSE:
            break
        factors[corrected] /= math.sqrt(ratio)
    return min(misses, key=misses.get)


def _scaled(config: Config, *, resolution: float, depth: float, width: float) -> Config:
    side, _, channels = config.input_shape
    side = max(1, round(side * resolution))
    return config.scaled(depth=depth, width=width).replace(input_shape=(side, side, channels))
