"""A real trial where TensorFlow finds two virtual processors; its result says on how many its weights were."""

from keras_dl.lazy import tf
from keras_dl.search import worker
from keras_dl.training import job


def train(folder):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    built, build = [], job.build
    job.build = lambda *arguments: built.append(build(*arguments)) or built[-1]
    result = worker.train(folder)
    weight = built[-1].weights[0].value
    return {**result, "reason": f"{len(getattr(weight, 'values', [weight]))} devices"}
