"""What stands beside an exported network: what it takes and gives, its classes, how to run it, and all hashes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras_dl
from keras_dl import storage
from keras_dl.errors import shown
from keras_dl.export.comparison import Comparison
from keras_dl.export.formats import Format
from keras_dl.lazy import keras, tf
from keras_dl.saved_model.declaration import INPUT, OUTPUT


def write_contract(
    folder: Path,
    *,
    name: str,
    chosen: Format,
    quantize: str | None,
    model: keras.Model,
    declared: dict[str, Any],
    comparison: Comparison,
) -> None:
    """Complete `folder`, which holds the network in the format `chosen`, called `name`, and nothing else.

    contract.json says all to a program, input.json what the network takes in full, a vocabulary included, output.json
    what it has learned, as `declared` by the saved model; labels.txt names the classes, one a line, where that does;
    README.md says the same to a reader, and manifest.json holds the size and the SHA-256 of every file.
    """
    inputs, outputs = model.inputs[0], model.outputs[0]
    config, class_names, spec = declared["config"], declared["class_names"], declared["spec"]
    task, kind = declared["task"], spec.kind if spec is not None else "features"
    kind = "noise" if task.makes_pictures else kind
    told = "pixels" if task.answers_pictures else getattr(config, "classifier_activation", None) or "logits"
    contract = {
        "format": name,
        "file": chosen.file,
        "quantize": quantize,
        "task": task.name,
        "input": {
            "name": inputs.name,
            "kind": kind,
            "shape": list(inputs.shape),
            "dtype": inputs.dtype,
            "values": [0, 255] if kind == "image" else None,
        },
        "output": {
            "shape": list(outputs.shape),
            "dtype": outputs.dtype,
            "values": told,
        },
        "class_names": class_names,
        "comparison": dataclasses.asdict(comparison),
        "network": json.loads(config.to_json()),
        "versions": {m.__name__: m.__version__ for m in (keras_dl, keras, tf)},
    }
    storage.write_json(folder / "contract.json", contract)
    storage.write_json(folder / OUTPUT, task.to_json())
    if spec is not None:
        storage.write_json(folder / INPUT, spec.to_json())
    if class_names:
        storage.write(folder / "labels.txt", "".join(f"{shown(label)}\n" for label in class_names))
    storage.write(folder / "README.md", _card(contract, chosen.example))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = {path.relative_to(folder).as_posix(): storage.fingerprint(path) for path in files}
    storage.write_json(folder / storage.MANIFEST, {"files": hashes})


def _card(contract: dict[str, Any], example: str) -> str:
    entry, exit = contract["input"], contract["output"]
    shapes = (" x ".join("batch" if size is None else str(size) for size in side["shape"]) for side in (entry, exit))
    takes, gives = shapes
    range_words = ", pixels with values 0 to 255" if entry["kind"] == "image" else ""
    quantized = "; large weights are stored as int8" if contract["quantize"] else ""
    classes = f"The classes are {', '.join(map(shown, contract['class_names']))}.\n" if contract["class_names"] else ""
    comparison = str(Comparison(**contract["comparison"])).replace("\n", "; ")
    return f"""# {contract["network"]["family"]} for {contract["format"]}

The network is `{contract["file"]}`{quantized}. A batch may have any size.
It takes {entry["dtype"]} {takes}{range_words}; it gives {exit["dtype"]} {gives}, {exit["values"]}.
{classes}
```python
{example}
```

Compared with the original in its own runtime, on {comparison}.
`contract.json` says all this to a program, `input.json` how inputs are prepared; `manifest.json` holds the hashes.
"""
