"""Where the examples of a column are stored, each of them read by its number."""

from keras_dl.data.source import Array, Chosen, Source
from keras_dl.data.sources.files import Files
from keras_dl.data.sources.ragged import Ragged
from keras_dl.data.sources.records import RecordIndex, Records
from keras_dl.data.sources.windows import Windows

__all__ = ["Array", "Chosen", "Files", "Ragged", "RecordIndex", "Records", "Source", "Windows"]
