"""Where the examples of a column are stored, each of them read by its number."""

from keras_dl.data.source import Array, Chosen, Source
from keras_dl.data.sources.decoded import Decoded
from keras_dl.data.sources.files import Files
from keras_dl.data.sources.joined import joined
from keras_dl.data.sources.ragged import Ragged
from keras_dl.data.sources.records import Records, indexed
from keras_dl.data.sources.windows import Windows

__all__ = ["Array", "Chosen", "Decoded", "Files", "Ragged", "Records", "Source", "Windows", "indexed", "joined"]
