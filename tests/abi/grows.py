#!/usr/bin/env python3
"""grows.py OLD NEW - is every plugin that was built against the header OLD at home with NEW?

Every macro and every type of OLD must be in NEW as it was, with two exceptions: a struct that begins
with `size` may have more members behind the old ones, and MIG_ABI_MINOR may be higher. Says each
fault; ends with 1 when there is one. Compares words, so that a changed type of an argument, which
moves nothing, is found too. tests/abi/header.sh calls it."""
import re
import sys

STRUCT = re.compile(r"(?:typedef )?struct (\w+) \{(.*?)\}", re.S)


def words(text):
    return " ".join(re.findall(r"\w+|[^\w\s]", text))


def parse(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.S)
    text = text.replace("\\\n", " ")
    macros = {}
    for name, body in re.findall(r"^#define (\w+(?:\([^)]*\))?)(.*)$", text, re.M):
        macros.setdefault(words(name), []).append(words(body))
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    structs = {
        name: [words(m) for m in body.split(";") if m.strip()] for name, body in STRUCT.findall(text)
    }
    rest = {words(t) for t in STRUCT.sub(r"struct \1 {}", text).split(";") if "typedef" in t}
    return macros, structs, rest


def compare(old, new):
    for name, bodies in old[0].items():
        if name == "MIG_ABI_MINOR":
            if int(new[0].get(name, ["-1"])[0]) < int(bodies[0]):
                yield "MIG_ABI_MINOR went back"
        elif new[0].get(name) != bodies:
            yield f"the macro {name} is gone or changed"
    for name, members in old[1].items():
        found = new[1].get(name)
        if found is None:
            yield f"struct {name} is gone"
        elif found[: len(members)] != members:
            first = next((m for m, n in zip(members, found + [""]) if m != n), members[-1])
            yield f"struct {name}: the member \"{first}\" moved, changed or is gone"
        elif len(found) > len(members) and "uint32_t size" not in members:
            yield f"struct {name} is frozen and has grown"
    for text in sorted(old[2] - new[2]):
        yield f"the declaration \"{text}\" is gone or changed"


def main():
    faults = list(compare(parse(sys.argv[1]), parse(sys.argv[2])))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
