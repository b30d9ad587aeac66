"""Published weights together with the published vocabulary: what transformers writes and fills in from both."""

import json

import numpy as np
import pytest
import tokenizers
from peers import randomise_torch

import keras_dl
from keras_dl import saved_model
from keras_dl.data import Data, Spec, Split
from keras_dl.data.spec import Column
from keras_dl.tasks import get_task
from keras_dl.use.predictor import Predictor

TEXTS = ["Hello, world! This is a text!", "another text, with words.", "!!! words, words! and more words"]
PROMPTS = ["Hello! a", "words,", "! text: no \u00e9"]
LENGTH, WRITTEN, END = 24, 14, "<|endoftext|>"
SIZES = {"blocks": 2, "heads": 4, "length": LENGTH}


def data(*texts):
    split = Split({"text": np.array(texts, object)})
    spec = Spec(name="toy", columns={"text": Column(kind="text")})
    return Data(spec=spec, train=split, validation=split, test=split)


def predictor(name, folder, vocabulary, texts, task, **changes):
    """Ours with the weights and the vocabulary in `folder`, for data of so many `texts`."""
    task = get_task(task.pop("name"), vocabulary=str(folder / vocabulary), **task)
    config, found = task.adapt(keras_dl.get_config(name, **SIZES, **changes), data(*texts))
    network = keras_dl.build(config, weights=folder / "model.safetensors")
    saved_model.save(network, folder / "saved", config=config, task=task, spec=found.spec)
    return Predictor(folder / "saved")


def answers(ours, prompts):
    return [answer.value for answer in ours.answers(*ours.read(prompts))]


def gpt2(transformers, folder):
    """A random GPT-2 and its tokenizer, saved as they are published; "!" has the id 0."""
    trained = tokenizers.ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS * 5, vocab_size=290, show_progress=False)
    trained.save_model(str(folder))
    ids = trained.get_vocab()
    ids[END] = last = len(ids)
    (folder / "vocab.json").write_text(json.dumps(ids))
    assert ids["!"] == 0
    settings = {"n_layer": 2, "n_head": 4, "n_embd": 32, "n_positions": LENGTH, "vocab_size": last + 1}
    config = transformers.GPT2Config(**settings, bos_token_id=last, eos_token_id=last)
    theirs = transformers.GPT2TokenizerFast.from_pretrained(folder)
    return transformers.GPT2LMHeadModel(config), theirs, "vocab.json", {"head_width": 8}


def llama(transformers, folder):
    """The same of LLaMA, its tokenizer as its tokenizer.json is laid out."""
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trained = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made, decoders = tokenizers.normalizers, tokenizers.decoders
    trained.normalizer = made.Sequence([made.Prepend("\u2581"), made.Replace(" ", "\u2581")])
    steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    trained.decoder = decoders.Sequence(steps)
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=310, special_tokens=special, show_progress=False)
    trained.train_from_iterator(TEXTS * 5, trainer)
    content = json.loads(trained.to_str())
    content["added_tokens"] = content["added_tokens"][:3]  # the bytes are no special ones
    (folder / "tokenizer.json").write_text(json.dumps(content))
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    settings = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 88}
    config = transformers.LlamaConfig(
        **settings, max_position_embeddings=LENGTH, vocab_size=trained.get_vocab_size(), rms_norm_eps=1e-6
    )
    return transformers.LlamaForCausalLM(config), theirs, "tokenizer.json", {"width": 32, "unit_multiple": 8}


@pytest.mark.parametrize(("name", "make"), [("gpt2_small", gpt2), ("llama_7b", llama)])
@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS], ids=["one text", "texts with ends"])
def test_texts_are_gone_on_with_as_by_generate(torchvision, tmp_path, name, make, texts):
    import torch

    transformers = pytest.importorskip("transformers")
    theirs, tokenizer, vocabulary, sizes = make(transformers, tmp_path)
    buffers = {buffer: value.clone() for buffer, value in theirs.named_buffers()}
    randomise_torch(theirs).save_pretrained(tmp_path)
    for buffer, value in theirs.named_buffers():  # of where tokens stand
        value.copy_(buffers[buffer])
    task = {"name": "language_modeling", "temperature": 0.0, "written": WRITTEN}
    ours = predictor(name, tmp_path, vocabulary, texts, task, **sizes)
    ends = len(texts) > 1
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    special = {*tokenizer.all_special_ids} - ({end} if ends else set())
    settings = {"max_new_tokens": WRITTEN, "do_sample": False, "eos_token_id": end if ends else None}
    settings |= {"suppress_tokens": [*special] or None, "pad_token_id": 0}
    expected = []
    for prompt in PROMPTS:
        ids = torch.tensor([[*([begin] if ends else []), *tokenizer.encode(prompt, add_special_tokens=False)]])
        everything = torch.ones_like(ids)  # else it takes the pad, "!", for nothing
        written = theirs.generate(ids, attention_mask=everything, **settings)
        expected.append(tokenizer.decode(written[0], skip_special_tokens=True))
    assert [answer["text"] for answer in answers(ours, PROMPTS)] == expected
    assert all(len(text) > len(prompt) for text, prompt in zip(expected, PROMPTS, strict=True))


def test_hidden_words_are_told_as_by_bert(torchvision, tmp_path):
    import torch

    transformers = pytest.importorskip("transformers")
    trained = tokenizers.BertWordPieceTokenizer(lowercase=True)
    special = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trained.train_from_iterator(TEXTS * 5, vocab_size=80, special_tokens=special, show_progress=False)
    trained.save_model(str(tmp_path))
    settings = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 128}
    config = transformers.BertConfig(**settings, max_position_embeddings=LENGTH, vocab_size=trained.get_vocab_size())
    theirs = randomise_torch(transformers.BertForMaskedLM(config))
    theirs.save_pretrained(tmp_path)
    tokenizer = transformers.BertTokenizerFast.from_pretrained(tmp_path)
    task = {"name": "masked_language_modeling"}
    ours = predictor("bert_base", tmp_path, "vocab.txt", TEXTS, task, head_width=8)
    prompts = ["another [MASK], with words", "Hello! [MASK]"]
    for prompt, answer in zip(prompts, answers(ours, prompts), strict=True):
        asked = tokenizer(prompt, return_tensors="pt")
        with torch.no_grad():
            logits = theirs(**asked).logits[0, asked["input_ids"][0] == tokenizer.mask_token_id][0]
        logits[[trained.token_to_id(name) for name in special if name != "[unused0]"]] = -1e9
        shares, best = torch.softmax(logits, dim=-1).topk(len(answer["probabilities"]))
        assert [*answer["probabilities"]] == tokenizer.convert_ids_to_tokens(best.tolist())
        np.testing.assert_allclose([*answer["probabilities"].values()], shares, rtol=1e-4)
