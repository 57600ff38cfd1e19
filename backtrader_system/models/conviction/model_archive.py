"""What may be inside a model file, and checks of it before one object is built.

A .skops file is a zip of a JSON tree, which names the type of every object, and of .npy arrays. skops builds only types
it trusts; our list is shorter than its own, is fixed here and never taken from the file.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from backtrader_system.errors import DataError

LARGEST_FILE_BYTES = 64 * 2**20
LARGEST_CONTENT_BYTES = 256 * 2**20
_EPOCH = (1980, 1, 1, 0, 0, 0)

# Types that skops does not build unless told so; they are plain containers of arrays.
TRUSTED_TYPES = (
    "sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", "sklearn.tree._tree.Tree", "numpy.dtype",
)
ALLOWED_TYPES = frozenset({
    *TRUSTED_TYPES,
    "builtins.dict", "builtins.list", "builtins.str", "builtins.tuple",
    "numpy.float64", "numpy.int64", "numpy.ndarray", "numpy.uint64", "numpy.random._generator.Generator",
    "numpy.random.mtrand.RandomState",
    "sklearn._loss._loss.CyHalfBinomialLoss", "sklearn._loss.link.Interval", "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn.calibration.CalibratedClassifierCV", "sklearn.dummy.DummyClassifier",
    "sklearn.ensemble._forest.ExtraTreesClassifier", "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.ensemble._gb.GradientBoostingClassifier", "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "sklearn.impute._base.SimpleImputer", "sklearn.isotonic.IsotonicRegression",
    "sklearn.linear_model._logistic.LogisticRegression", "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.MinMaxScaler", "sklearn.preprocessing._data.RobustScaler",
    "sklearn.preprocessing._data.StandardScaler", "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.tree._classes.DecisionTreeClassifier", "sklearn.tree._classes.DecisionTreeRegressor",
    "sklearn.tree._classes.ExtraTreeClassifier",
})
_ALLOWED_LOADERS = frozenset({
    "DTypeNode", "DictNode", "JsonNode", "ListNode", "LossNode", "NdArrayNode", "ObjectNode", "RandomGeneratorNode",
    "RandomStateNode", "TreeNode", "TupleNode", "TypeNode",
})
_UNREADABLE = (ValueError, KeyError, TypeError, OSError, EOFError, RecursionError, MemoryError, NotImplementedError,
               RuntimeError, AttributeError, IndexError, ImportError, zipfile.BadZipFile, zlib.error)


def dump_model(payload: dict[str, Any]) -> bytes:
    """Return `payload` as the bytes of a .skops file; the same payload gives the same bytes.

    skops names objects by their address in memory, which differs from run to run; they are numbered instead.

    Raises
    ------
    DataError
        Names the types that are not on the list, so that nothing is written that could not be read back.
    """
    import skops.io

    archive = _numbered(skops.io.dumps(payload))
    refused = refused_types(archive)
    if refused:
        raise DataError(f"this model holds types that a model file may not hold: {', '.join(refused)}")
    return archive


def build_model(archive: bytes, where: str) -> dict[str, Any]:
    """Return the payload of a .skops file. where : its name, for messages.

    Raises
    ------
    DataError
        For a type that is not on the list, naming it, for arrays that claim more than the file holds, and for whatever
        is no .skops file.
    """
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException

    try:
        _require_sizes(archive)
        refused = refused_types(archive)
        if refused:
            raise DataError(f"{where}: refused; it holds types that no model of ours has: {', '.join(refused)}. "
                            "Do not open it with anything else unless you know who made it")
        payload = skops.io.loads(archive, trusted=list(TRUSTED_TYPES))
    except (UntrustedTypesFoundException, UnsupportedTypeException) as error:
        raise DataError(f"{where}: refused; {error}") from error
    except _UNREADABLE as error:
        raise DataError(f"{where}: cannot be read as a model file ({error or type(error).__name__}); it may be "
                        "incomplete: copy it again or train anew") from error
    if not isinstance(payload, dict):
        raise DataError(f"{where}: refused; it holds a {type(payload).__name__} where a model file holds a dictionary")
    return payload


def refused_types(archive: bytes) -> list[str]:
    """Return the types and kinds of nodes in a .skops file that are not on our lists, sorted."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        schema = json.loads(file.read("schema.json"))
    refused = set()
    for node in _nodes(schema):
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        if name not in ALLOWED_TYPES:
            refused.add(name)
        elif node.get("__loader__") not in _ALLOWED_LOADERS:
            refused.add(f"{name} ({node.get('__loader__')})")
    return sorted(refused)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every dictionary of the tree that describes an object, in order; a loop, so that depth does not matter."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "__class__" in item or "__loader__" in item or "__module__" in item:
                yield item
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list):
            waiting.extend(reversed(item))


def _require_sizes(archive: bytes) -> None:
    """Refuse a zip that unpacks to too much, and arrays whose header claims more than their bytes."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        total = sum(member.file_size for member in file.infolist())
        if total > LARGEST_CONTENT_BYTES:
            raise ValueError(f"it unpacks to {total:,} bytes; at most {LARGEST_CONTENT_BYTES:,} are read")
        for member in file.infolist():
            if member.filename.endswith(".npy"):
                with file.open(member) as stream:
                    _require_whole_array(stream, member)


def _require_whole_array(stream: Any, member: zipfile.ZipInfo) -> None:
    major, _ = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    if kind.hasobject or math.prod(shape) * kind.itemsize > member.file_size:
        raise ValueError(f"the array {member.filename} claims shape {shape} of {kind}, more than it holds")


def _numbered(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        schema = json.loads(file.read("schema.json"))
        content = {name: file.read(name) for name in file.namelist() if name != "schema.json"}
    numbers: dict[int, int] = {}
    names: dict[str, str] = {}
    for node in _nodes(schema):
        if "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers))
        if node.get("file") in content:
            node["file"] = names.setdefault(node["file"], f"{len(names)}.npy")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for old, new in names.items():
            _add(file, new, content[old])
        _add(file, "schema.json", json.dumps(schema, separators=(",", ":")).encode())
    return out.getvalue()


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    file.writestr(entry, content)
