"""Knowledge graphs against PyTorch Geometric: scores of DistMult, ComplEx and TransE with the same vectors."""

import numpy as np
import pytest
from peers import randomise, relative_error

import keras_dl

ENTITIES, RELATIONS, WIDTH = 40, 6, 16
TRIPLES = np.stack([np.random.default_rng(0).integers(0, size, 64) for size in (ENTITIES, RELATIONS, ENTITIES)], axis=1)


@pytest.mark.parametrize(("form", "name"), [("distmult", "DistMult"), ("complex", "ComplEx"), ("transe", "TransE")])
def test_scores_are_equal(form, name):
    torch = pytest.importorskip("torch")
    kge = pytest.importorskip("torch_geometric.nn.kge")
    ours = randomise(
        keras_dl.build("kg_tensor_embedding", entities=ENTITIES, relations=RELATIONS, width=WIDTH, form=form)
    )
    layer = ours.get_layer("embedding")
    entity, relation = (np.array(one) for one in layer.get_weights())
    if form == "transe":  # theirs scales the vectors of entities to the length 1
        entity /= np.linalg.norm(entity, axis=1, keepdims=True)
        layer.set_weights([entity, relation])
    theirs = getattr(kge, name)(ENTITIES, RELATIONS, WIDTH, **({"p_norm": 2.0} if form == "transe" else {}))
    for table, values in ((theirs.node_emb, entity), (theirs.rel_emb, relation)):
        table.weight.data = torch.from_numpy(values[:, :WIDTH].copy())
    if form == "complex":
        theirs.node_emb_im.weight.data = torch.from_numpy(entity[:, WIDTH:].copy())
        theirs.rel_emb_im.weight.data = torch.from_numpy(relation[:, WIDTH:].copy())
    expected = theirs(*torch.from_numpy(TRIPLES).T).detach().numpy()
    found = ours(TRIPLES.astype("int32"))
    rows = np.arange(len(TRIPLES))
    for side, place in (("heads", 0), ("tails", 2)):
        assert relative_error(np.array(found[side])[rows, TRIPLES[:, place]], expected) < 1e-5
