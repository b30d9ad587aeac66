"""A small job for every task, on toys: what the tests over all tasks train.

Each gives the config, the task, data as they are loaded, and options of a training of three short epochs.
"""

import dataclasses
import os
import tempfile
from pathlib import Path

import numpy as np

from keras_dl import get_config
from keras_dl.data import Data, Spec, Split, load
from keras_dl.data.answers import of_answers
from keras_dl.data.series import from_series
from keras_dl.data.source import Array
from keras_dl.data.spec import Column
from keras_dl.data.tagged import of_words
from keras_dl.data.triples import of_triples
from keras_dl.data.whole_table import whole_table
from keras_dl.tasks import get_task
from keras_dl.training import Options

OPTIONS = Options(epochs=3, batch_size=16, learning_rate=3e-3, schedule="cosine", seed=3)


def few(data, count=96):
    """`data` with so many training examples, and a third of them for each other split."""
    splits = {name: getattr(data, name).take(range(count if name == "train" else count // 3)) for name in PARTS}
    return Data(spec=data.spec, origin=data.origin, **splits)


def enlarged(data, factor):
    """`data` of digits whose pixels are squares of `factor` pixels."""
    square = np.ones((factor, factor, 1), "uint8")
    parts = {name: getattr(data, name) for name in PARTS}
    splits = {name: Split.of(np.kron(part.stored, square), part.labels) for name, part in parts.items()}
    return Data(spec=data.spec.replace("image", shape=(8 * factor, 8 * factor, 1)), **splits)


PARTS = ("train", "validation", "test")
WORDS = np.array(["one", "two", "six", "ten", "red"])


def toy(columns, examples, name="toy"):
    """Data of `columns` by name, all three splits of the same `examples`."""
    split = Split(examples)
    return Data(spec=Spec(name=name, columns=columns), train=split, validation=split, test=split)


def classification():
    config = get_config("mlp", hidden=(16,), normalization="batch", dropout=0.2)
    return config, get_task("classification"), few(load("digits")), OPTIONS


def with_adapters():
    config, task, data, options = classification()
    return config, task, data, dataclasses.replace(options, lora=4)


def sentences():
    """Which of two words a sentence holds."""
    generator = np.random.default_rng(0)
    words = np.array(["the", "film", "is", "so", "very"])
    labels = generator.integers(0, 2, 96)
    texts = np.array([" ".join([*generator.choice(words, 4), ("bad", "good")[label]]) for label in labels], object)
    columns = {"text": Column(kind="text"), "label": Column(kind="class", class_names=("bad", "good"))}
    config = get_config("kim_cnn", length=8, embedding_width=8, maps=4, windows=(2, 3))
    return config, get_task("classification"), toy(columns, {"text": texts, "label": labels}), OPTIONS


def pairs():
    """Whether the second of two texts is red."""
    generator = np.random.default_rng(0)
    first, second = generator.choice(WORDS, (2, 96))
    second = np.where(generator.random(96) < 0.4, "red", second)
    columns = {
        "text": Column(kind="text"),
        "second_text": Column(kind="text"),
        "label": Column(kind="class", class_names=("no", "yes")),
    }
    texts = {"text": first.astype(object), "second_text": second.astype(object)}
    config = get_config("bert_tiny", blocks=1, length=7, heads=2, head_width=8)
    task = get_task("classification", vocabulary_size=40)
    return config, task, toy(columns, {**texts, "label": (second == "red").astype(int)}), OPTIONS


def segmentation():
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (48, 16, 16, 1)).astype("uint8")
    columns = {
        "image": Column(kind="image", shape=(16, 16, 1)),
        "mask": Column(kind="mask", shape=(16, 16), class_names=("dark", "bright")),
    }
    data = toy(columns, {"image": pictures, "mask": (pictures[..., 0] > 128).astype("uint8")})
    config = get_config("unet", padding="same", levels=1, filters=4, dropout=0.25)
    return config, get_task("segmentation"), data, OPTIONS


def regression():
    """Two numbers of eight, in units of their own."""
    x = np.random.default_rng(0).normal(size=(96, 8)).astype("float32")
    numbers = np.stack([1000 + 50 * x[:, 0], 0.01 * x[:, 1] * x[:, 2]], axis=1).astype("float32")
    columns = {"features": Column(kind="features", shape=(8,)), "number": Column(kind="number", shape=(2,))}
    return (
        get_config("mlp", hidden=(16,)),
        get_task("regression"),
        toy(columns, {"features": x, "number": numbers}),
        OPTIONS,
    )


def multi_task():
    """A class and a number, each known of most examples."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(96, 8)).astype("float32")
    label = np.where(generator.random(96) < 0.2, -1, x[:, :3].argmax(axis=1))
    size = np.where(generator.random((96, 1)) < 0.2, np.nan, 50 + 9 * x[:, 3:4]).astype("float32")
    columns = {
        "features": Column(kind="features", shape=(8,)),
        "color": Column(kind="class", class_names=("red", "green", "blue"), gaps=True),
        "size": Column(kind="number", shape=(1,), gaps=True),
    }
    examples = {"features": x, "color": label, "size": Array(size)}
    config = get_config("mlp", hidden=(16,), dropout=0.2)
    return config, get_task("multi_task", weights=(1.0, 0.5)), toy(columns, examples), OPTIONS


def relative_localization():
    config = get_config("vit_ti16", patch=2, heads=2, head_width=4, blocks=1, input_shape=(8, 8, 1))
    return config, get_task("relative_localization"), few(load("digits")), OPTIONS


def contrastive():
    config = get_config("mlp", hidden=(16,), normalization="batch")
    return config, get_task("contrastive", width=8), few(load("digits")), OPTIONS


def prototypical():
    config = get_config("mlp", hidden=(16,), dropout=0.2)
    return config, get_task("prototypical", queries=3, episodes=50), few(load("digits"), 240), OPTIONS


def clustering():
    config = get_config("nakkiran_cnn5", k=4)
    return config, get_task("clustering", clusters=6, reassign=2), few(load("digits")), OPTIONS


def masked_reconstruction():
    config = get_config("resnet20", blocks=1, filters=4)
    return config, get_task("masked_reconstruction", patch=2, width=8), few(load("digits")), OPTIONS


def pseudo_labels():
    config = get_config("mlp", hidden=(16,), normalization="batch", dropout=0.2)
    return config, get_task("pseudo_labels", labels=3, t1=0, t2=2), few(load("digits")), OPTIONS


def domain_adversarial(larger=1):
    """Digits, and the same in gray on gray, in a file; `larger` by that factor."""
    data = few(load("digits"))
    if larger > 1:
        data = enlarged(data, larger)
    file = Path(tempfile.gettempdir()) / f"keras_dl_gray_digits_{larger}.npz"
    if not file.exists():
        arrays = {f"{x}_{name}": value for name in PARTS for x, value in gray(getattr(data, name)).items()}
        written = file.with_suffix(f".{os.getpid()}.npz")
        np.savez(written, **arrays)
        written.replace(file)
    config = get_config("mlp", hidden=(16,), dropout=0.2)
    return config, get_task("domain_adversarial", target=str(file), units=8), data, OPTIONS


def gray(split):
    return {"x": (80 + 0.5 * split.inputs()).astype("uint8"), "y": split.labels}


def rotation():
    config = get_config("mlp", hidden=(16,), dropout=0.2)
    return config, get_task("rotation"), few(load("digits")), OPTIONS


def adversarial_training():
    config = get_config("mlp", hidden=(16,), dropout=0.2)
    return config, get_task("adversarial_training", steps=2, epsilon=20.0), few(load("digits")), OPTIONS


def node_classification():
    """Two crowds of nodes that know their own more than the others; a third of the labels is told in each split."""
    generator = np.random.default_rng(0)
    labels = np.arange(30) % 2
    x = generator.normal(size=(1, 30, 6)).astype("float32") ** 2
    known = np.triu(generator.random((30, 30)) < np.where(labels[:, None] == labels, 0.4, 0.02), 1)
    pairs = np.stack(np.nonzero(known))
    edges = np.concatenate([pairs, pairs[::-1]], axis=1)[None]
    columns = {
        "x": Column(kind="nodes", shape=(30, 6)),
        "edge_index": Column(kind="edges", shape=edges.shape[1:]),
        "labels": Column(kind="classes", shape=(30,), class_names=("left", "right")),
    }
    splits = {}
    for part, name in enumerate(PARTS):
        told = np.where(np.arange(30) // 2 % 3 == part, labels, -1)[None]
        splits[name] = Split({"x": x, "edge_index": edges, "labels": told})
    data = Data(spec=Spec(name="toy", columns=columns), **splits)
    return get_config("gcn", hidden=8), get_task("node_classification"), data, OPTIONS.__class__(epochs=6, seed=3)


def variational_autoencoding():
    config = get_config("vae", units=32, latent_width=4)
    return config, get_task("variational_autoencoding"), few(load("digits")), OPTIONS


def reconstruction():
    config = get_config("autoencoder", hidden=(16,), latent_width=4)
    return config, get_task("reconstruction", corrupted=0.25), few(load("digits")), OPTIONS


def contrastive_divergence():
    config = get_config("dbm", units=(12, 6))
    return config, get_task("contrastive_divergence", steps=2), few(load("digits")), OPTIONS


def restricted_machine():
    config = get_config("rbm", units=(12,))
    return config, get_task("contrastive_divergence"), few(load("digits")), OPTIONS


def layerwise_divergence():
    config = get_config("dbn", units=(16, 12, 16))
    return config, get_task("layerwise_divergence", persistent=True), few(load("digits")), OPTIONS


def layerwise_denoising():
    config = get_config("stacked_denoising_autoencoder", units=(16, 12, 8))
    return config, get_task("layerwise_denoising"), few(load("digits")), OPTIONS


def adversarial_generation():
    config = get_config("dcgan", filters=8, latent_width=6)
    return config, get_task("adversarial_generation"), few(load("digits")), OPTIONS


def cycle_consistency():
    """Bright noise and dark noise, whose pool is full after a few steps."""
    pictures = np.random.default_rng(0).integers(0, 128, (24, 8, 8, 1)).astype("uint8")
    labels = np.arange(24) % 3 % 2
    pictures[labels == 1] += 100
    columns = {
        "image": Column(kind="image", shape=(8, 8, 1)),
        "label": Column(kind="class", class_names=("dark", "bright")),
    }
    config = get_config("cyclegan", filters=4, blocks=1, halvings=1)
    options = dataclasses.replace(OPTIONS, batch_size=4)
    return config, get_task("cycle_consistency", pool=5), toy(columns, {"image": pictures, "label": labels}), options


def discrete_autoencoding():
    config = get_config("dalle_small", halvings=1, filters=8, codes=16, code_width=8, blocks=1)
    return config, get_task("discrete_autoencoding", kl_weight=0.01), few(load("digits")), OPTIONS


def text_to_picture():
    sizes = {"halvings": 1, "filters": 8, "codes": 12, "code_width": 8}
    config = get_config("dalle_small", **sizes, length=5, heads=2, head_width=12, blocks=1)
    return config, get_task("text_to_picture"), few(load("coloured_digits")), OPTIONS


def language_modeling():
    """One text a split, of words that come in a row."""
    text = " ".join(WORDS[place % len(WORDS)] for place in range(240))
    columns = {"text": Column(kind="text")}
    parts = {name: Split({"text": np.array([text[place:]], object)}) for place, name in enumerate(PARTS)}
    config = get_config("gpt2_small", length=8, heads=2, head_width=8, blocks=1)
    return config, get_task("language_modeling"), Data(spec=Spec(name="toy", columns=columns), **parts), OPTIONS


def language_of_sentences():
    """Many texts, each of the same word again and again."""
    texts = np.array([" ".join([WORDS[place % 5]] * (1 + place % 4)) for place in range(96)], object)
    config = get_config("gpt2_small", length=12, heads=2, head_width=8, blocks=1, dropout=0.2)
    task = get_task("language_modeling", written=8)
    return config, task, toy({"text": Column(kind="text")}, {"text": texts}), OPTIONS


def masked_language_modeling():
    """Each text the same word again and again."""
    _, _, data, _ = language_of_sentences()
    config = get_config("bert_tiny", blocks=1, length=8, heads=2, head_width=8)
    return config, get_task("masked_language_modeling", vocabulary_size=40), data, OPTIONS


def words_and_next_sentence():
    """Texts of three sentences, each of one word."""
    texts = [" ".join(f"{word}." for word in (*WORDS, *WORDS)[place % 5 : place % 5 + 3]) for place in range(96)]
    config = get_config("bert_tiny", blocks=1, length=8, heads=2, head_width=8)
    task = get_task("masked_language_modeling", next_sentence=True, vocabulary_size=40)
    return config, task, sentences_of(np.array(texts, object)), OPTIONS


def question_answering():
    """What the one is of whom a text tells that is asked for."""
    generator = np.random.default_rng(0)
    examples = []
    for _ in range(96):
        names, things = generator.permutation(["ann", "bob", "eve"])[:2], generator.choice(WORDS, 2)
        context = f"{names[0]} is {things[0]} . {names[1]} is {things[1]} ."
        asked = generator.integers(2)
        start = context.index(f"{names[asked]} is ") + len(f"{names[asked]} is ")
        examples.append((f"{names[asked]} ?", context, [things[asked]], start))
    data = of_answers(dict.fromkeys(PARTS, examples), name="toy", validation=0.1, seed=0)
    config = get_config("bert_tiny", blocks=1, length=16, heads=2, head_width=8)
    return config, get_task("question_answering", vocabulary_size=50), data, OPTIONS


def tagging():
    """Which words of a sentence are numbers; long words are several tokens."""
    generator = np.random.default_rng(0)
    words = ["one", "six", "eleven", "red", "bluish"]
    rows = [generator.choice(5, generator.integers(2, 6)) for _ in range(96)]
    examples = [([words[place] for place in row], [int(place < 3) for place in row]) for row in rows]
    data = of_words(dict.fromkeys(PARTS, examples), ("no", "number"), name="toy", validation=0.1, seed=0)
    config = get_config("bert_tiny", blocks=1, length=14, heads=2, head_width=8)
    return config, get_task("tagging", vocabulary_size=25), data, OPTIONS


def translation():
    """Words to their capital letters, from the last to the first."""
    generator = np.random.default_rng(0)
    sources = [" ".join(generator.choice(WORDS, generator.integers(1, 4))) for _ in range(96)]
    targets = [" ".join(reversed(source.upper().split())) for source in sources]
    columns = {"source": Column(kind="text"), "target": Column(kind="text")}
    lengths = {"source_length": 6, "target_length": 6}
    config = get_config("seq2seq_attention", width=16, embedding_width=8, **lengths)
    examples = {"source": np.array(sources, object), "target": np.array(targets, object)}
    return config, get_task("translation", pieces="words"), toy(columns, examples), OPTIONS


def captioning():
    """What two features of a picture say, in one of two ways; some pictures have one caption."""
    generator = np.random.default_rng(0)
    colours, things = generator.integers(0, 3, 96), generator.integers(0, 3, 96)
    features = np.concatenate([np.eye(3)[colours], np.eye(3)[things]], axis=1) + generator.normal(0, 0.05, (96, 6))
    captions = np.full((96, 2), "", object)
    for place, (colour, thing) in enumerate(zip(colours, things, strict=True)):
        colour, thing = ("red", "blue", "green")[colour], ("cat", "dog", "bird")[thing]
        captions[place] = f"A small {colour} {thing}.", f"the small {thing} is {colour}" if place % 3 else ""
    columns = {
        "features": Column(kind="features", shape=(6,)),
        "captions": Column(kind="texts", shape=(2,)),
    }
    data = toy(columns, {"features": features.astype("float32"), "captions": Array(captions)})
    return get_config("image_captioner", width=16, target_length=6), get_task("captioning", least=1), data, OPTIONS


def representation(name, **fields):
    """A small network of the room representation for digits."""
    return get_config(name, input_shape=(8, 8, 1), **fields)


def two_views_of_its_own():
    config = representation("simclr_small", blocks=(1, 1, 1, 1), filters=4, projection_width=8)
    return config, get_task("contrastive", hardness=0.5), few(load("digits")), OPTIONS


def patches_of_its_own():
    parts = {"heads": 2, "head_width": 4, "blocks": 1, "decoder_heads": 1, "decoder_head_width": 8, "decoder_blocks": 1}
    config = representation("masked_autoencoder_vit_b", patch=2, **parts)
    return config, get_task("masked_reconstruction"), few(load("digits")), OPTIONS


def triplets():
    config = representation("metric_triplet", blocks=2, filters=8, embedding_width=8)
    return config, get_task("triplets", each=3, queries=3, episodes=50, turned=True), few(load("digits"), 240), OPTIONS


def verification():
    """Digits whose pixels are squares."""
    data = enlarged(few(load("digits"), 240), 9)
    config = get_config("siamese_koch", input_shape=(72, 72, 1), filters=(2, 2, 2, 2), units=8)
    return config, get_task("verification", queries=3, episodes=20), data, OPTIONS


def predictive_coding():
    config = get_config("cpc", filters=8, units=8, steps=2)
    return config, get_task("predictive_coding"), tones(), OPTIONS


def tones():
    """Words of two tones each, in noise."""
    generator = np.random.default_rng(0)
    pitches, sounds, labels = {"up": (500, 1500), "down": (1500, 500), "flat": (900, 900)}, [], np.arange(60) % 3
    for label in labels:
        length = generator.integers(500, 900)
        pitch = np.where(np.arange(1000) < length // 2, *[*pitches.values()][label])
        sound = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / 8000) + generator.normal(0, 0.01, 1000)
        sounds.append(np.where(np.arange(1000) < length, sound, 0))
    columns = {
        "audio": Column(kind="audio", shape=(1000,), rate=8000),
        "label": Column(kind="class", class_names=tuple(pitches)),
    }
    return toy(columns, {"audio": np.array(sounds, "float32"), "label": labels})


def speech_recognition():
    config = get_config("speech_dnn_hmm", units=32, layers=1, frames=7)
    return config, get_task("speech_recognition", words=2, states=3), tones(), OPTIONS


def word_vectors():
    """Sentences of two kinds of words, which do not mix."""
    generator = np.random.default_rng(0)
    kinds = np.array([["red", "blue", "green", "black"], ["cat", "dog", "bird", "fish"]])
    texts = np.array([" ".join(generator.choice(kinds[place % 2], 6)) for place in range(60)], object)
    config = get_config("word2vec_sgns", width=16)
    return config, get_task("word_vectors", window=2, negatives=3, least=2), sentences_of(texts), OPTIONS


def sentences_of(texts):
    return toy({"text": Column(kind="text")}, {"text": texts})


def several_heads():
    """The class and the number of `multi_task`, by a network with a head for each."""
    _, task, data, options = multi_task()
    return get_config("multitask_shared_trunk", units=16, dropout=0.2), task, data, options


def domain_of_its_own():
    """The digits of `domain_adversarial`, by the network that brings its head for the domain."""
    _, task, data, options = domain_adversarial(2)
    return get_config("dann", input_shape=(16, 16, 1), filters=(4, 6), units=12), task, data, options


def zero_shot():
    """Pictures of two bars, of which a class has one, none or both; what it has is written down in a file."""
    file = Path(tempfile.gettempdir()) / "keras_dl_bars.csv"
    if not file.exists():
        written = file.with_suffix(f".{os.getpid()}.csv")
        written.write_text("class,left,top,dark\nnone,0,0,1\nleft,1,0,0\ntop,0,1,0\nboth,1,1,0\nbright,1,1,-1\n")
        written.replace(file)
    labels = np.arange(80) % 5
    pictures = np.random.default_rng(0).integers(0, 60, (80, 8, 8, 1))
    pictures[np.isin(labels, (1, 3, 4)), :, :3] += 150
    pictures[np.isin(labels, (2, 3, 4)), :3] += 40
    pictures[labels == 4] += 5
    columns = {
        "image": Column(kind="image", shape=(8, 8, 1)),
        "label": Column(kind="class", class_names=("none", "left", "top", "both", "bright")),
    }
    data = toy(columns, {"image": pictures.astype("uint8"), "label": labels}, name="bars")
    config = get_config("zero_shot_label_embedding", filters=(4, 8))
    return config, get_task("zero_shot", vectors=str(file), unseen=0.4), data, OPTIONS


def imputation(rows=90):
    """Numbers of which one follows from two others, and words that follow from one; a fifth is not known."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, rows))
    cells = {"x": 10 + x, "y": y, "sum": x - y, "sign": np.where(x > 0, "plus", "minus")}
    columns = {name: [*map(str, values)] for name, values in cells.items()}
    for values in columns.values():
        for place in np.flatnonzero(generator.random(rows) < 0.2):
            values[place] = "?"
    data = whole_table(columns, "toy", validation=0.2, seed=0, origin={"kind": "toy"})
    return get_config("masked_imputer", units=32, dropout=0.1), get_task("imputation"), data, OPTIONS


def link_prediction():
    """A ring of entities: which comes next, and which came before, by other words too."""
    ring = np.tile(np.arange(12), 4)
    triples = np.stack([ring, np.repeat(np.arange(4), 12), (ring + np.repeat([1, 1, -1, -1], 12)) % 12], axis=1)
    triples = np.random.default_rng(0).permutation(triples)
    parts = {"train": triples[:38], "validation": triples[38:43], "test": triples[43:]}
    names = tuple(f"e{place}" for place in range(12))
    data = of_triples(parts, names, ("next", "then", "before", "behind"), name="ring")
    return get_config("kg_tensor_embedding", width=8), get_task("link_prediction", negatives=4), data, OPTIONS


def forecasting():
    """A wave, and its product with another one."""
    time = np.arange(260)
    series = np.stack([10 * np.sin(time / 3), np.sin(time / 3) * np.cos(time / 7) + 4], axis=1)
    config = get_config("next_step_predictor", units=16, dropout=0.1)
    task = get_task("forecasting", steps=20, horizon=8)
    return config, task, from_series(series, names=("wave", "beat")), OPTIONS


def deep_q_learning():
    data = load("gymnasium:CartPole-v1")
    splits = {name: getattr(data, name).take(range(96 if name == "train" else 3)) for name in PARTS}
    task = get_task("deep_q_learning", environments=3, buffer=200, learning_starts=30, exploration=60, target_every=4)
    return get_config("mlp", hidden=(16,)), task, Data(spec=data.spec, origin=data.origin, **splits), OPTIONS


def object_detection():
    """A dark or a bright square in each picture of noise."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(90, 140, (48, 64, 64, 3)).astype("uint8")
    boxes, labels = np.full((48, 2, 4), -1, "float32"), np.full((48, 2), -1)
    for place in range(48):
        side, label = generator.integers(16, 28), place % 2
        left, top = generator.integers(0, 64 - side, 2)
        pictures[place, top : top + side, left : left + side] = 250 * label
        boxes[place, 0], labels[place, 0] = (left, top, left + side, top + side), label
    columns = {
        "image": Column(kind="image", shape=(64, 64, 3)),
        "boxes": Column(kind="boxes", shape=(2, 4)),
        "labels": Column(kind="classes", shape=(2,), class_names=("dark", "bright")),
    }
    data = toy(columns, {"image": pictures, "boxes": boxes, "labels": labels})
    config = get_config(
        "faster_rcnn_r50_fpn", filters=4, blocks=(1, 1, 1, 1), anchor_side=8, proposals=16, frozen_norms=True
    )
    return config, get_task("object_detection", samples=16, score=0.3), data, OPTIONS


def least_squares():
    task = get_task("least_squares", ridge=1e-3)
    return get_config("ntk_kernel", examples=20), task, few(load("digits")), OPTIONS


JOBS = {
    function.__name__: function
    for function in (
        classification,
        sentences,
        pairs,
        segmentation,
        regression,
        relative_localization,
        contrastive,
        two_views_of_its_own,
        clustering,
        masked_reconstruction,
        patches_of_its_own,
        predictive_coding,
        triplets,
        verification,
        pseudo_labels,
        prototypical,
        domain_adversarial,
        multi_task,
        rotation,
        adversarial_training,
        object_detection,
        variational_autoencoding,
        reconstruction,
        contrastive_divergence,
        restricted_machine,
        layerwise_divergence,
        layerwise_denoising,
        adversarial_generation,
        cycle_consistency,
        discrete_autoencoding,
        text_to_picture,
        node_classification,
        deep_q_learning,
        least_squares,
        language_modeling,
        language_of_sentences,
        masked_language_modeling,
        words_and_next_sentence,
        question_answering,
        tagging,
        translation,
        forecasting,
        imputation,
        link_prediction,
        several_heads,
        domain_of_its_own,
        zero_shot,
        word_vectors,
        speech_recognition,
        captioning,
    )
}
KILLED = JOBS | {"with_adapters": with_adapters}
"""those whose series of kills are tested"""
