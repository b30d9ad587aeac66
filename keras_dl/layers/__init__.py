"""Keras layers that Keras does not have, one a file, registered with `keras.saving` under the package "keras_dl"."""

from keras_dl.layers.absolute_difference import AbsoluteDifference
from keras_dl.layers.activations import scaled_tanh, tanh_gelu
from keras_dl.layers.all_tokens import AllTokens
from keras_dl.layers.attention_gru import AttentionGRU
from keras_dl.layers.batch_normalization import BatchNormalization
from keras_dl.layers.bias import Bias
from keras_dl.layers.boltzmann_dense import BoltzmannDense
from keras_dl.layers.boltzmann_machine import BoltzmannMachine
from keras_dl.layers.bounded_dense import BoundedDense
from keras_dl.layers.causal_attention import CausalAttention
from keras_dl.layers.class_token_and_positions import ClassTokenAndPositions
from keras_dl.layers.drop_connect import DropConnect
from keras_dl.layers.gradient_reversal import GradientReversal
from keras_dl.layers.graph_convolution import GraphConvolution
from keras_dl.layers.grid_basis import GridBasis
from keras_dl.layers.layer_scale import LayerScale
from keras_dl.layers.lecun_conv import LeCunConv2D
from keras_dl.layers.likeliest import Likeliest
from keras_dl.layers.local_response_normalization import LocalResponseNormalization
from keras_dl.layers.locally_connected import LocallyConnected2D
from keras_dl.layers.masked_attention import MaskedAttention
from keras_dl.layers.maxout import Maxout
from keras_dl.layers.padded_embedding import PaddedEmbedding
from keras_dl.layers.picture_attention import PictureAttention
from keras_dl.layers.positions import Positions
from keras_dl.layers.proposals import Proposals
from keras_dl.layers.rbf_output import RBFOutput
from keras_dl.layers.reflection_padding import ReflectionPadding2D
from keras_dl.layers.roi_align import RoIAlign
from keras_dl.layers.row_normalization import RowNormalization
from keras_dl.layers.sinusoids import Sinusoids
from keras_dl.layers.sobel import Sobel2D
from keras_dl.layers.spectral_conv import SpectralConv2D
from keras_dl.layers.stacked_frames import StackedFrames
from keras_dl.layers.stored_normalization import StoredNormalization
from keras_dl.layers.tangent_kernel import TangentKernel
from keras_dl.layers.trainable_subsampling import TrainableSubsampling2D
from keras_dl.layers.triple_scores import TripleScores
from keras_dl.layers.unit_thresholds import UnitThresholds
from keras_dl.layers.visible_tokens import VisibleTokens
from keras_dl.layers.word_scores import WordScores

__all__ = [
    "AbsoluteDifference",
    "AllTokens",
    "AttentionGRU",
    "BatchNormalization",
    "Bias",
    "BoltzmannDense",
    "BoltzmannMachine",
    "BoundedDense",
    "CausalAttention",
    "ClassTokenAndPositions",
    "DropConnect",
    "GradientReversal",
    "GraphConvolution",
    "GridBasis",
    "LayerScale",
    "LeCunConv2D",
    "Likeliest",
    "LocalResponseNormalization",
    "LocallyConnected2D",
    "MaskedAttention",
    "Maxout",
    "PaddedEmbedding",
    "PictureAttention",
    "Positions",
    "Proposals",
    "RBFOutput",
    "ReflectionPadding2D",
    "RoIAlign",
    "RowNormalization",
    "Sinusoids",
    "Sobel2D",
    "SpectralConv2D",
    "StackedFrames",
    "StoredNormalization",
    "TangentKernel",
    "TrainableSubsampling2D",
    "TripleScores",
    "UnitThresholds",
    "VisibleTokens",
    "WordScores",
    "scaled_tanh",
    "tanh_gelu",
]
