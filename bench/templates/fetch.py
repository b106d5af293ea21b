"""Takes the chat templates out of packages: python fetch.py FOLDER. Each different text is kept once, as SOURCE--NAME.jinja."""

import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

# Package, whether its source distribution is wanted, and where the templates are in it.
PACKAGES = [
    ("trl==1.16.0", False, "trl/chat_templates/"),
    ("axolotl==0.19.0", False, "axolotl/utils/chat_templates/templates/"),
    ("llama-cpp-python==0.3.36", True, "vendor/llama.cpp/models/templates/"),
]


def members(path):
    """Names and bytes of the files in a wheel or source archive."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, lambda name=name: archive.read(name)
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, lambda member=member: archive.extractfile(member).read()


def main(folder):
    out = pathlib.Path(folder)
    seen = set()
    part = out.with_suffix(".part")
    part.mkdir(parents=True, exist_ok=True)
    for package, from_source, where in PACKAGES:
        with tempfile.TemporaryDirectory() as temporary:
            options = ["--no-binary", package.split("==")[0]] if from_source else []
            download(package, options, temporary)
            for path in pathlib.Path(temporary).iterdir():
                for name, read in members(path):
                    if where in name and name.endswith(".jinja"):
                        data = read()
                        if data not in seen:
                            seen.add(data)
                            source = package.split("==")[0]
                            (part / f"{source}--{pathlib.PurePath(name).name}").write_bytes(data)
    part.rename(out)
    print(len(seen), "templates in", out)


def download(package, options, folder):
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *options, "-d", folder, package]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(sys.argv[1])
