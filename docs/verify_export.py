"""Checks an export of Pointsman's audit with nothing but Python: python verify_export.py EXPORT [ANCHOR]"""

import base64
import hashlib
import json
import sys


def main(export, anchor=None):
    anchored = {}
    for line in open(anchor, encoding="ascii").read().split("\n")[:-1] if anchor else ():
        _, size, head = line.split(" ")
        anchored[int(size)] = base64.b64decode(head).hex()
    *lines, last, end = open(export, encoding="utf-8", newline="").read().split("\n")
    seq, head = None, None
    for line in lines:
        row = json.loads(line)
        salts = [salt for salt, _ in row.get("foreign", {}).values()]
        plain = all(bytes.fromhex(text).hex() == text for text in (row["prev"], *salts))
        plain = plain and row.keys() - {"foreign"} == {"seq", "prev", "body", "hash"}
        if not plain or json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != line:
            return f"ALTERED after line {seq}: not as it was written"
        if row["prev"] != (head or (row["prev"] if row["seq"] > 1 else "0" * 64)) or seq not in (None, row["seq"] - 1):
            return f"ALTERED at line {row['seq']}: it does not continue the line before"
        seq, head = row["seq"], row["hash"]
        body = b"pointsman-audit-v1" + bytes.fromhex(row["prev"]) + row["body"].encode()
        if hashlib.sha256(body).hexdigest() != head or anchored.pop(seq, head) != head:
            return f"ALTERED at line {seq}"
        hashes = dict(json.loads(row["body"]).get("foreign", ()))
        for field, (salt, text) in row.get("foreign", {}).items():
            if hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest() != hashes.get(field):
                return f"ALTERED at line {seq}: {field}"
    mark = f"pointsman-audit-v1 {seq} {base64.b64encode(bytes.fromhex(head or '')).decode()}"
    if end or last != json.dumps({"checkpoint": mark}, separators=(",", ":")) or max(anchored, default=0) > (seq or 0):
        return f"SHORTENED: it ends at line {seq}"
    print(f"intact: up to line {seq}, head {head}" + ("" if anchor else " (not held against an anchor)"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
