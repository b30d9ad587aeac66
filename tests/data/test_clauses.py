"""The embedded sentences are all different, and translated by their rules."""

from keras_dl.data import load
from keras_dl.data.clauses import ADJECTIVES, ARTICLES, FEMININE, MASCULINE, VERBS


def test_every_sentence_is_there_once_and_the_same_each_time():
    data, again = load("clauses"), load("clauses", seed=5)
    texts = [text for split in (data.train, data.validation, data.test) for text in split.columns["source"].values]
    assert len(set(texts)) == len(texts) == 6600
    assert data.fingerprint() == again.fingerprint()


def test_translations_follow_the_rules():
    data, nouns = load("clauses"), MASCULINE | FEMININE
    sources, targets = (data.test.columns[name].values for name in ("source", "target"))
    for source, target in zip(sources, targets, strict=True):
        for clause, translated in zip(source.split(" and "), target.split(" et "), strict=True):
            words = clause.split()
            subject, verb, thing = words[:3], words[3], words[4:]
            parts = [
                f"{ARTICLES[article][noun in FEMININE]} {nouns[noun]} {ADJECTIVES[adjective]}"
                for article, adjective, noun in (subject, thing)
            ]
            assert translated == f"{parts[0]} {VERBS[verb]} {parts[1]}"
