"""Pages with a mistake in them: each is found, and the page without it passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import anchors, blocks, links
from tests.docs.running import follow

FOUND: dict[str, tuple[str, str]] = {
    "output of a command": ("```console\n$ echo one\ntwo\n```", "$ echo one"),
    "a command fails": ("```console\n$ false\n```", "exits with 1"),
    "a later command": ("```console\n$ echo one\none\n$ ls nowhere\n```", "nowhere"),
    "an extra that is not there": ("```console\n$ pip install 'avrogen[none]'\n```", "none"),
    "what Python prints": ("```python\nprint(1)\n```\n\n```text\n2\n```", "page.md:1"),
    "an exception": ("```python\n1 / 0\n```", "division by zero"),
    "a name of another page": ("```python\nmissing\n```", "missing"),
    "a test fails": ("```python\ndef test_it() -> None:\n    assert False\n```", "1 failed"),
    "no JSON": ("```json\n{\n```", "Expecting"),
    "no schema": ('```json\n{"type": "enum", "name": "E", "symbols": ["a-b"]}\n```', "a-b"),
    "no TOML": ("```toml\na = \n```", "Invalid value"),
    "no YAML": ("```yaml\na: [\n```", "expected the node content"),
}
FINE = """
```json title="schemas/e.avsc"
{"type": "enum", "name": "E", "symbols": ["A"]}
```

```console
$ cd schemas
$ ls
e.avsc
$ sh -c 'exit 3'
...
$ echo $? and more
3 and ...
$ python -c 'import signal; print("there", flush=True); signal.pause()' &
there
```

```python
known = len("abc")
```

<!-- not run: it
     waits for the end of time -->
```python
while True: ...
```

* A list:

  ```python
  print(known)
  ```

  ```text
  3
  ```
"""


def page(folder: Path, text: str) -> Path:
    file = folder / "page.md"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize("mistake", FOUND)
def test_mistakes_are_found(mistake: str, tmp_path: Path) -> None:
    text, message = FOUND[mistake]
    with pytest.raises(Exception, match=message.replace("$", r"\$")):
        follow(blocks(page(tmp_path, text)), tmp_path, {})


def test_a_page_without_mistakes(tmp_path: Path) -> None:
    found = blocks(page(tmp_path, FINE))
    assert [block.reason for block in found if block.reason] == ["it waits for the end of time"]
    follow(found, tmp_path, {})


def test_anchors_and_links(tmp_path: Path) -> None:
    text = "# A `b_c`, d!\n\n## Twice\n\n## Twice\n\n[x](other.md#there) ![y](#twice)\n"
    file = page(tmp_path, text)
    assert anchors(file) == {"a-b_c-d", "twice", "twice-1"}
    assert [(link.target, link.anchor) for link in links(file)] == [
        ("other.md", "there"),
        ("", "twice"),
    ]
