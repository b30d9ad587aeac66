"""gpt2_small writes 64 tokens after a prompt of 16, greedily, one text, in turns with other libraries.

`python benchmarks/decoding.py [ROUNDS] [CONTENDER...]`; weights are random. `reads` is the limit: it multiplies as many
matrices of the same sizes by vectors in PyTorch, one for each token written, by all threads.
"""

import os

import numpy as np
import turns

PROMPT, WRITTEN = 16, 64
TEXTS = np.pad(np.random.default_rng(0).integers(1, 50257, (1, PROMPT)).astype("int32"), ((0, 0), (0, WRITTEN)))
MATRICES = [*[(2304, 768), (768, 768), (3072, 768), (768, 3072)] * 12, (50257, 768)]


def keras_dl(weights=None):
    """Ours: compiled by TensorFlow, or by XLA with `weights` of a type."""
    import keras_dl
    from keras_dl import decoding

    network = keras_dl.get_config("gpt2_small", dropout=0.0).build()
    next_logits = decoding.causal(network, weights)
    write = decoding.compiled(lambda *texts: decoding.greedy(next_logits, *texts), network, xla=weights is not None)
    return lambda: np.asarray(write(TEXTS, np.array([PROMPT], "int32")))


def keras_hub(xla=False):
    import keras_hub

    sizes = {"num_layers": 12, "num_heads": 12, "hidden_dim": 768, "intermediate_dim": 3072, "dropout": 0.0}
    backbone = keras_hub.models.GPT2Backbone(vocabulary_size=50257, max_sequence_length=1024, **sizes)
    network = keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)
    network.compile(sampler="greedy", jit_compile=xla)
    inputs = {"token_ids": TEXTS, "padding_mask": np.arange(PROMPT + WRITTEN)[None] < PROMPT}
    return lambda: network.generate(inputs, stop_token_ids=None)["token_ids"]


def transformers():
    import libraries

    libraries.torch_without_torchvision()
    import torch
    import transformers

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network = transformers.GPT2LMHeadModel(transformers.GPT2Config()).eval()
    prompt = torch.from_numpy(TEXTS[:, :PROMPT]).long()
    length = {"max_new_tokens": WRITTEN, "min_new_tokens": WRITTEN}
    settings = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "pad_token_id": 0}
    return lambda: network.generate(prompt, **settings, **length)


def reads():
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    pairs = [(torch.randn(shape), torch.randn(shape[1])) for shape in MATRICES]
    return lambda: [torch.mv(*pair) for _ in range(WRITTEN) for pair in pairs]


MAKERS = {
    "keras_dl": keras_dl,
    "keras_dl+float32": lambda: keras_dl("float32"),
    "keras_dl+int8": lambda: keras_dl("int8"),
    "keras_hub": keras_hub,
    "keras_hub+xla": lambda: keras_hub(xla=True),
    "transformers": transformers,
    "reads": reads,
}

if __name__ == "__main__":
    theirs = ["keras_hub", "transformers", "reads"]
    ours = ["keras_dl", "keras_dl+float32", "keras_dl+int8"]
    turns.main("64 tokens of gpt2_small", MAKERS, theirs, [*ours, *theirs], WRITTEN)
