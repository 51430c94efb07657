"""A tensor stream decoded with nothing but MessagePack and NumPy; man/winnow-stream.5 shows it."""
import ctypes
import sys
import msgpack
import numpy

DTYPES = ["u1", "<i4", "<i8", "<f4", "<f8"]


def xxh3(data):
    digest = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    digest.restype = ctypes.c_uint64
    return "%016x" % digest(data, ctypes.c_size_t(len(data)))


def tensor(code, data):
    extents = numpy.frombuffer(data, "<u4", data[1], 4)
    return numpy.frombuffer(data, DTYPES[data[0]], -1, 4 + 4 * data[1]).reshape(extents)


def parts(data):
    """Yields (header, rows, trailer) for each part of a stream in memory."""
    unpacker = msgpack.Unpacker(ext_hook=tensor, max_buffer_size=0)
    unpacker.feed(data)
    start = 0
    while start < len(data):
        header, rows = unpacker.unpack(), []
        assert header["tensor-stream"] == 1
        end = unpacker.tell()
        while isinstance(item := unpacker.unpack(), list):
            rows.append(item)
            end = unpacker.tell()
        assert item["rows"] == len(rows), "the trailer counts other rows"
        assert item["xxh3"] == xxh3(data[start:end]), "the data were altered"
        yield header, rows, item
        start = unpacker.tell()


if __name__ == "__main__":
    for header, rows, trailer in parts(sys.stdin.buffer.read()):
        names = [field[0] for field in header["fields"]]
        print(header["kind"], *names, len(rows), trailer["xxh3"])
        for row in rows:
            print(*(x.tolist() if isinstance(x, numpy.ndarray) else x for x in row), sep="\t")
