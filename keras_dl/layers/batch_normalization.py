"""Batch normalisation by one operation of TensorFlow, where Keras takes a dozen."""

import keras

from keras_dl.lazy import tf


@keras.saving.register_keras_serializable(package="keras_dl")
class BatchNormalization(keras.layers.BatchNormalization):
    """What `keras.layers.BatchNormalization` computes and keeps, in less time and memory.

    Takes and gives (batch, height, width, channels). On TensorFlow the statistics, the outputs and their gradients are
    one fused operation each, which oneDNN, cuDNN and XLA know. Its variance is that of a sample; what is kept for
    inference is that of the batch, as in Keras. Other shapes, types, backends, masks and the options `axis`, `renorm`
    and `synchronized` are left to Keras, and so is inference where TensorFlow's operations have to be deterministic:
    on GPUs the fused one has no such gradient there.

    Ioffe & Szegedy 2015, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
    Shift", ICML, algorithms 1 and 2.
    """

    def call(self, inputs, training=None, mask=None):
        learns = bool(training and self.trainable)
        if not self._fuses(inputs, mask, learns):
            return super().call(inputs, training=training, mask=mask)
        channels, none = inputs.shape[-1], tf.zeros([0])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma if self.scale else tf.ones([channels]),
            offset=self.beta if self.center else tf.zeros([channels]),
            mean=none if learns else self.moving_mean,
            variance=none if learns else self.moving_variance,
            epsilon=self.epsilon,
            is_training=learns,
        )
        if learns:
            count = tf.cast(tf.size(inputs) // channels, "float32")
            for average, now in ((self.moving_mean, mean), (self.moving_variance, variance * (count - 1) / count)):
                average.assign(average * self.momentum + now * (1 - self.momentum))
        return outputs

    def _fuses(self, inputs, mask, learns: bool) -> bool:
        if keras.backend.backend() != "tensorflow" or self.axis not in (-1, 3) or self.renorm or self.synchronized:
            return False
        from tensorflow.python.framework.config import is_op_determinism_enabled

        maps = len(inputs.shape) == 4 and self.compute_dtype != "float64" and mask is None
        return maps and (learns or not is_op_determinism_enabled())
