"""Checks an export of Pointsman's audit with nothing but Python: python verify_export.py EXPORT [ANCHOR]"""

import base64
import hashlib
import json
import pathlib
import sys


def main(export, anchor=None):
    anchored = {}
    for line in pathlib.Path(anchor).read_bytes().decode().split("\n")[:-1] if anchor else ():
        anchored[int(line.split(" ")[1])] = base64.b64decode(line.split(" ")[2]).hex()
    *lines, last, end = pathlib.Path(export).read_bytes().decode().split("\n")
    seq, head = None, None
    for line in lines:
        row = json.loads(line)
        said, given = json.loads(row["body"]), row.get("foreign", {})
        plain = all(bytes.fromhex(text).hex() == text for text in (row["prev"], *(salt for salt, _ in given.values())))
        plain = plain and row.keys() - {"foreign"} == {"seq", "prev", "body", "hash"}
        if not plain or json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != line:
            return f"ALTERED after line {seq}: not as it was written"
        begins = row["prev"] if said["type"] == "rotated" else "0" * 64  # only a later segment continues something
        if row["prev"] != (head or begins) or row["seq"] != (seq or row["seq"] - 1) + 1:
            return f"ALTERED at line {row['seq']}: it does not continue the line before"
        seq, head = row["seq"], row["hash"]
        body = b"pointsman-audit-v1" + bytes.fromhex(row["prev"]) + row["body"].encode()
        if hashlib.sha256(body).hexdigest() != head or anchored.pop(seq, head) != head:
            return f"ALTERED at line {seq}"
        for field, (salt, text) in given.items():
            if [field, hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()] not in said["foreign"]:
                return f"ALTERED at line {seq}: {field}"
    mark = f"pointsman-audit-v1 {seq} {base64.b64encode(bytes.fromhex(head or '')).decode()}"
    if end or last != json.dumps({"checkpoint": mark}, separators=(",", ":")) or max(anchored, default=0) > (seq or 0):
        return f"SHORTENED: it ends at line {seq}"
    print(f"intact: up to line {seq}, head {head}" + ("" if anchor else " (not held against an anchor)"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
