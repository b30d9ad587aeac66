"""Files that transformers saves, by their path: the same outputs from ours."""

import numpy as np
import pytest
from peers import randomise_torch, relative_error

import keras_dl

TOKENS = np.random.default_rng(0).integers(1, 50, (4, 12)).astype("int32")
MASK = np.arange(12) < np.array([12, 9, 5, 1])[:, None]
SEGMENTS = np.random.default_rng(1).integers(0, 2, (4, 12)).astype("int32")
GPT = {"n_layer": 3, "n_head": 4, "n_embd": 32, "n_positions": 12, "vocab_size": 50}
LLAMA = {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 32}
LLAMA |= {"vocab_size": 50, "intermediate_size": 112, "max_position_embeddings": 12, "rms_norm_eps": 1e-5}
BERT = {"num_hidden_layers": 3, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 128}
BERT |= {"max_position_embeddings": 12, "vocab_size": 50}
SIZES = {"blocks": 3, "heads": 4, "vocabulary_size": 50}
OURS = {
    "OpenAIGPT": ("gpt1", {**SIZES, "head_width": 8, "length": 12}, GPT),
    "GPT2": ("gpt2_small", {**SIZES, "head_width": 8, "length": 12}, GPT),
    "Llama": ("llama_2_70b", {**SIZES, "width": 32, "key_value_heads": 2, "unit_multiple": 8, "length": 12}, LLAMA),
    "Bert": ("bert_base", {**SIZES, "head_width": 8, "length": 12}, BERT),
}
HEADS = {
    "Model": {},
    "ForPreTraining": {"head": "words_and_next"},
    "ForMaskedLM": {"head": "words"},
    "ForSequenceClassification": {"head": "text", "classes": 3},
    "ForTokenClassification": {"head": "tokens", "classes": 3},
    "ForQuestionAnswering": {"head": "span"},
}


def peer(family, kind):
    """A network of transformers with random weights."""
    transformers = pytest.importorskip("transformers")
    labels = {"num_labels": 2 if kind == "ForQuestionAnswering" else 3}
    config = getattr(transformers, f"{family}Config")(**OURS[family][2], **labels)
    theirs = getattr(transformers, family + kind)(config)
    masks = {name: value.clone() for name, value in theirs.named_buffers()}
    randomise_torch(theirs)
    for name, value in theirs.named_buffers():
        value.copy_(masks[name])
    return theirs


def outputs(theirs, **inputs):
    import torch

    with torch.no_grad():
        return theirs(**{name: torch.from_numpy(np.asarray(value, "int64")) for name, value in inputs.items()})


@pytest.mark.parametrize(
    ("family", "kind"), [("OpenAIGPT", "LMHeadModel"), ("GPT2", "LMHeadModel"), ("Llama", "ForCausalLM")]
)
@pytest.mark.parametrize("shards", [None, "20KB"])
def test_networks_of_the_next_token(torchvision, tmp_path, family, kind, shards):
    theirs = peer(family, kind)
    theirs.save_pretrained(tmp_path, **({"max_shard_size": shards} if shards else {}))
    name, changes, _ = OURS[family]
    file = tmp_path / ("model.safetensors.index.json" if shards else "model.safetensors")
    assert len([*tmp_path.glob("*.safetensors")]) > 2 if shards else file.is_file()
    ours = keras_dl.build(name, weights=file, **changes)
    assert relative_error(ours(TOKENS), outputs(theirs, input_ids=TOKENS).logits) < 1e-5


def test_the_bare_gpt_2_has_the_same_weights_under_shorter_names(torchvision, tmp_path):
    theirs = peer("GPT2", "LMHeadModel")
    theirs.transformer.save_pretrained(tmp_path)
    ours = keras_dl.build("gpt2_small", weights=tmp_path / "model.safetensors", **OURS["GPT2"][1])
    assert relative_error(ours(TOKENS), outputs(theirs, input_ids=TOKENS).logits) < 1e-5


def test_bfloat16_is_read(torchvision, tmp_path):
    import torch

    saved = peer("Llama", "ForCausalLM").to(torch.bfloat16)
    saved.save_pretrained(tmp_path)
    theirs = type(saved).from_pretrained(tmp_path, dtype=torch.float32)
    ours = keras_dl.build("llama_2_70b", weights=tmp_path / "model.safetensors", **OURS["Llama"][1])
    assert relative_error(ours(TOKENS), outputs(theirs, input_ids=TOKENS).logits) < 1e-5


@pytest.mark.parametrize("kind", HEADS)
def test_bert_with_each_of_its_heads(torchvision, tmp_path, kind):
    theirs = peer("Bert", kind)
    theirs.save_pretrained(tmp_path)
    ours = keras_dl.build("bert_base", weights=tmp_path / "model.safetensors", **OURS["Bert"][1], **HEADS[kind])
    found = ours({"token_ids": TOKENS, "padding_mask": MASK, "segment_ids": SEGMENTS})
    expected = outputs(theirs, input_ids=TOKENS, attention_mask=MASK, token_type_ids=SEGMENTS)
    names = {
        "Model": {"tokens": "last_hidden_state", "pooled": "pooler_output"},
        "ForPreTraining": {"words": "prediction_logits", "next": "seq_relationship_logits"},
        "ForQuestionAnswering": {"start": "start_logits", "end": "end_logits"},
    }.get(kind, {None: "logits"})
    for own, name in names.items():
        one, other = np.asarray(found if own is None else found[own]), getattr(expected, name).numpy()
        if one.shape[1:2] == (12,):
            one, other = one[MASK], other[MASK]
        assert relative_error(one, other) < 1e-5


def test_a_pretrained_bert_gets_the_head_of_a_task(torchvision, tmp_path):
    theirs = peer("Bert", "ForPreTraining")
    theirs.save_pretrained(tmp_path)
    changes = {**OURS["Bert"][1], "length": 9}
    ours = keras_dl.build("bert_base", weights=tmp_path / "model.safetensors", **changes, classes=5)
    assert ours.output_shape == (None, 5)
    expected = theirs.bert.encoder.layer[2].output.dense.weight.detach().numpy()
    np.testing.assert_array_equal(ours.get_layer("stage3_dense2").kernel.numpy(), expected.T)
    places = theirs.bert.embeddings.position_embeddings.weight.detach().numpy()
    np.testing.assert_array_equal(ours.get_layer("embedding_positions").positions.numpy(), places[:9])
