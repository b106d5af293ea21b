"""Fixtures of JSON that are kept gzipped, because the repository stays small: the same text gives the same bytes."""

import gzip
import pathlib


def write_packed(path: pathlib.Path, text: str) -> None:
    """path ends in .json.gz"""
    path.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))


def read_packed(path: pathlib.Path) -> str:
    return gzip.decompress(path.read_bytes()).decode("utf-8")
