"""Writes a package's wheel (PEP 427) with one module and a simple index (PEP 503) for it into a folder."""

import pathlib
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])
name = "spacetail_demo-1.0-py3-none-any.whl"
index = folder / "simple" / "spacetail-demo"
index.mkdir(parents=True)
info = "spacetail_demo-1.0.dist-info"
files = {
    "spacetail_demo.py": 'print("installed from the tailnet")\n',
    f"{info}/METADATA": "Metadata-Version: 2.1\nName: spacetail-demo\nVersion: 1.0\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
with zipfile.ZipFile(index / name, "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
(index / "index.html").write_text(f'<a href="{name}">{name}</a>\n')
