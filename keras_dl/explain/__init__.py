"""Heat maps: what in its input made a network say what it said.

Every method takes a catalogue network (any functional Keras model of the layers that it knows), `pictures`
(batch, ...) as the network takes them, and `classes`, one whole number a picture: the output to explain. Conventions
that all of them share:

- Explained is the logit: a softmax, sigmoid or tanh at the end is left out. For a network that classifies pixels it
  is the sum of a class's logits over all pixels.
- Maps are taken at the normalised pixels, as the network's own first layers make them: a gradient is per normalised
  unit, and relevance is that of normalised pixels. So a linear network's gradient is its weights.
- Maps are float32 arrays of the shape of `pictures`, only Grad-CAM's have no channels.

- Texts have methods of their own, see `keras_dl.explain.words`.

They need Keras on TensorFlow.
"""

from keras_dl.explain.checks import mass_inside, randomized, rank_correlation, without_biases
from keras_dl.explain.drawing import draw_map, draw_words
from keras_dl.explain.grad_cam import grad_cam
from keras_dl.explain.gradients import gradient, gradient_x_input, squared_gradient
from keras_dl.explain.lrp import deep_taylor, lrp
from keras_dl.explain.network import logits
from keras_dl.explain.words import word_attention, word_gradient, word_gradient_x_input, word_map, word_occlusion

__all__ = [
    "deep_taylor",
    "draw_map",
    "draw_words",
    "grad_cam",
    "gradient",
    "gradient_x_input",
    "logits",
    "lrp",
    "mass_inside",
    "randomized",
    "rank_correlation",
    "squared_gradient",
    "without_biases",
    "word_attention",
    "word_gradient",
    "word_gradient_x_input",
    "word_map",
    "word_occlusion",
]
