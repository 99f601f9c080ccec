#!/usr/bin/env python3
"""Compiles the schema of kinds (src/proto/schema/*.tsv) into C tables.

usage: schemagen.py SCHEMA_DIR OUTPUT.c

Every input error is named with its file and line. The output depends on the input alone. Types that
no kind reaches stay out of the tables.
"""
import json
import os
import struct
import sys

SCALARS = {
    "string": "STRING", "integer:int32": "INT32", "integer:int64": "INT64", "boolean": "BOOL",
    "number:double": "DOUBLE", "string:byte": "BYTES", "any": "ANY", "object": "ANY",
    "string:date-time": "TIME", "string:int-or-string": "INT_OR_STRING",
}
# Types that are one value in JSON. The type "-" lines of types.tsv say so; these three need more
# than the line says.
NAMED_SCALARS = {"api.resource.Quantity": "QUANTITY", "apis.meta.v1.MicroTime": "MICROTIME"}
# What JSON values of these look like; all others are strings.
SHAPE_VALUES = {"LIST": list, "MAP": dict, "OBJECT": dict}
SCALAR_VALUES = {"INT32": int, "INT64": int, "BOOL": bool, "DOUBLE": float, "INT_OR_STRING": (int, str)}
VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
NAME_CHECKS = {
    "dns_label", "dns_subdomain", "dns_1035", "path_segment", "config_key", "qualified",
    "label_value", "port_name", "env_name", "endpoint_ip", "ip", "inner_path",
    "host_path", "signer", "sysctl",
}
JSON_ONLY = "version.Info"
ALWAYS_REACHED = "apis.meta.v1."
FIELDS_MAX = 64  # SCHEMA_FIELDS_MAX


class SchemaError(Exception):
    pass


class Row(dict):
    """One line of a table; `where` names it in messages."""

    def __init__(self, where, values):
        super().__init__(values)
        self.where = where

    def fail(self, text):
        raise SchemaError(f"{self.where}: {text}")


def read_table(directory, name):
    path = os.path.join(directory, name)
    try:
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
    except OSError as e:
        raise SchemaError(f"{path}: {e.strerror}") from e
    header = lines[0].split("\t")
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        cells = line.split("\t")
        where = f"{name}:{number}"
        if len(cells) > len(header):
            raise SchemaError(f"{where}: {len(cells)} cells, the header names {len(header)}")
        yield Row(where, zip(header, cells + [""] * (len(header) - len(cells))))


def msgpack(value):
    """Canonical msgpack (shortest forms), as proto/mp.h wants it."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if 0 <= value < 128 or -32 <= value < 0:
            return struct.pack("b" if value < 0 else "B", value)
        for code, form, low, high in ((0xCC, "B", 0, 2**8), (0xCD, ">H", 0, 2**16), (0xCE, ">I", 0, 2**32),
                                      (0xCF, ">Q", 0, 2**64), (0xD0, "b", -2**7, 0), (0xD1, ">h", -2**15, 0),
                                      (0xD2, ">i", -2**31, 0), (0xD3, ">q", -2**63, 0)):
            if low <= value < high:
                return bytes([code]) + struct.pack(form, value)
    if isinstance(value, str):
        text = value.encode()
        if len(text) < 32:
            return bytes([0xA0 | len(text)]) + text
        if len(text) < 256:
            return bytes([0xD9, len(text)]) + text
    if isinstance(value, list) and len(value) < 16:
        return bytes([0x90 | len(value)]) + b"".join(map(msgpack, value))
    if isinstance(value, dict) and len(value) < 16:
        return bytes([0x80 | len(value)]) + b"".join(msgpack(k) + msgpack(v) for k, v in value.items())
    raise ValueError("a value that defaults may not have")


def c_text(text):
    return json.dumps(text, ensure_ascii=True)


def c_bytes(data):
    return '"' + "".join(f"\\{b:03o}" for b in data) + '"'


def c_bool(value):
    return "true" if value else "false"


class Schema:
    def __init__(self, directory):
        self.types = {}  # name -> {field name -> row}
        self.scalars = dict(NAMED_SCALARS)  # type name -> scalar
        self.read_types(directory)
        self.read_protobuf(directory)
        self.defaults = self.read_lines(directory, "defaults.tsv", self.check_default)
        self.rules = self.read_lines(directory, "rules.tsv", self.check_rule)
        self.conversions = self.read_lines(directory, "conversions.tsv", self.check_conversion)
        self.read_descriptions(directory)
        self.read_kinds(directory)
        self.check_versions()
        self.check_numbers()
        self.reach()

    # ---- types and their protobuf numbers

    def read_types(self, directory):
        for row in read_table(directory, "types.tsv"):
            if row["field"] == "-":
                if row["field_type"] not in SCALARS:
                    row.fail(f"{row['field_type']} is not a scalar")
                self.scalars.setdefault(row["type"], SCALARS[row["field_type"]])
                continue
            fields = self.types.setdefault(row["type"], {})
            if row["field"] in fields:
                row.fail(f"duplicate field {row['type']}.{row['field']}")
            if len(fields) == FIELDS_MAX:
                row.fail(f"{row['type']} has more than {FIELDS_MAX} fields")
            fields[row["field"]] = row
            row["number"], row["outer"], row["presence"] = 0, 0, False
        for fields in self.types.values():
            for row in fields.values():
                row["shape"], row["scalar"], row["target"] = self.resolve(row)
                row["scalar_type"] = self.scalar_type(row["field_type"])

    def resolve(self, row):
        text, shape = row["field_type"], None
        if text.startswith("[]"):
            shape, text = "LIST", text[2:]
        elif text.startswith("map<") and text.endswith(">"):
            shape, text = "MAP", text[4:-1]
            if text.startswith("[]"):
                return "MAP", "ANY", None
        if text in SCALARS or text in self.scalars:
            return shape or "SCALAR", SCALARS.get(text) or self.scalars[text], None
        if text not in self.types:
            row.fail(f"unknown type {text}")
        return shape or "OBJECT", "NONE", text

    def scalar_type(self, text):
        """What a scalar is called where it is more than its plain type says, or ""."""
        text = text[2:] if text.startswith("[]") else text
        text = text[4:-1] if text.startswith("map<") else text
        return text if text in self.scalars or text.startswith("[]") else ""

    def read_protobuf(self, directory):
        messages = {}
        for row in read_table(directory, "protobuf.tsv"):
            if not row["number"].isdigit() or not 0 < int(row["number"]) < 2**16:
                row.fail(f"bad field number {row['number']!r}")
            message = messages.setdefault(f"{row['package']}.{row['message']}", {})
            if row["field"] in message:
                row.fail(f"duplicate field {row['field']}")
            message[row["field"]] = row
        for name, fields in self.types.items():
            plain = {self.protobuf_name(f): f for f in fields}
            for row in messages.get(name, {}).values():
                if self.protobuf_name(row["field"]) in plain:
                    self.number(fields[plain[self.protobuf_name(row["field"])]], row, 0)
                    continue
                # Not in the JSON form: the members of an embedded message, one level down.
                package = row["package"]
                inner = messages.get(f"{package}.{row['type']}") or messages.get(row["type"]) or {}
                for member in inner.values():
                    if member["field"] in fields:
                        self.number(fields[member["field"]], member, int(row["number"]))

    @staticmethod
    def protobuf_name(field):
        """What JSON's and protobuf's names of a field have in common: x-kubernetes-map-type, $ref, webhooks."""
        return field.lstrip("$").replace("-", "").lower()

    def check_numbers(self):
        """A field without a number would be lost from protobuf bodies, and nobody would be told."""
        for name, fields in self.types.items():
            for field, row in fields.items():
                if not row["number"] and field not in ("apiVersion", "kind") and name != JSON_ONLY:
                    row.fail(f"{name}.{field} has no number in protobuf.tsv")

    @staticmethod
    def number(field, row, outer):
        if not field["number"]:
            field["number"], field["outer"] = int(row["number"]), outer
            field["presence"] = row["presence"] == "y"

    # ---- defaults and rules

    def read_lines(self, directory, name, check):
        lines = {}
        for row in read_table(directory, name):
            if row["type"] not in self.types:
                row.fail(f"unknown type {row['type']}")
            if row["field"] and row["field"] not in self.types[row["type"]]:
                row.fail(f"{row['type']} has no field {row['field']}")
            check(row)
            same = (row["field"], row.get("rule"), row.get("argument") if row.get("rule") == "check" else None)
            of_type = lines.setdefault(row["type"], {})
            if same in of_type:
                row.fail(f"duplicate line for {row['type']}.{row['field']}")
            of_type[same] = row
        return {name: list(rows.values()) for name, rows in lines.items()}

    def check_default(self, row):
        if not row["field"]:
            row.fail("which field?")
        if row["when"] not in ("absent", "always"):
            row.fail(f"when is absent or always, not {row['when']!r}")
        row["compute"] = row["value"][1:] if row["value"].startswith("@") else None
        if row["compute"]:
            return
        if row["when"] == "always":
            row.fail("only a function may replace given values")
        try:
            value = json.loads(row["value"])
            row["bytes"] = msgpack(value)
        except ValueError as e:
            row.fail(f"bad value {row['value']!r}: {e}")
        field = self.types[row["type"]][row["field"]]
        wanted = SHAPE_VALUES.get(field["shape"]) or SCALAR_VALUES.get(field["scalar"], str)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        if type(value) not in wanted:
            row.fail(f"the value {row['value']} is no {' or '.join(t.__name__ for t in wanted)}")

    @staticmethod
    def check_rule(row):
        rule, argument = row["rule"], row["argument"]
        row["low"], row["high"], row["zero"] = 0, 0, argument.startswith("0|")
        if rule == "range":
            try:
                argument = argument[2:] if row["zero"] else argument
                low, high = argument.split("..")
                row["low"] = int(low)
                row["high"] = int(high) if high else 2**63 - 1
            except ValueError:
                row.fail(f"bad range {argument!r}")
        elif rule == "name" and argument not in NAME_CHECKS:
            row.fail(f"unknown name check {argument!r}")
        elif rule in ("enum", "unique", "check") and not argument:
            row.fail(f"{rule} needs an argument")
        elif rule not in ("required", "immutable", "labels", "amounts", "port", "name", "enum", "unique", "check"):
            row.fail(f"unknown rule {rule!r}")
        if not row["field"] and rule != "check":
            row.fail("which field?")

    # ---- versions of one kind

    @staticmethod
    def check_conversion(row):
        if bool(row["field"]) != bool(row["stored"]) or bool(row["field"]) == bool(row["function"]):
            row.fail("either a field and what it is called when stored, or a function for the whole object")

    def check_versions(self):
        """Every field of a version has its place in the stored form."""
        for kind in self.kinds.values():
            seen = set()
            for _, _, type_name in kind["list"][1:]:
                self.check_places(type_name, kind["list"][0][2], seen)

    def check_places(self, type_name, stored_name, seen):
        if type_name == stored_name or (type_name, stored_name) in seen:
            return
        seen.add((type_name, stored_name))
        lines = {row["field"]: row for row in self.conversions.get(type_name, [])}
        for name, field in self.types[type_name].items():
            stored = self.place(stored_name, lines[name]["stored"] if name in lines else name)
            if "" in lines:
                continue
            if not stored:
                lines.get(name, field).fail(f"{stored_name} has no place for {type_name}.{name}")
            if stored and field["target"] and stored["target"]:
                self.check_places(field["target"], stored["target"], seen)

    def place(self, type_name, path):
        """The field at "metric.name", or None."""
        outer, _, name = path.rpartition(".")
        if outer:
            type_name = (self.types[type_name].get(outer) or {}).get("target")
        return self.types.get(type_name, {}).get(name)

    # ---- descriptions

    def read_descriptions(self, directory):
        self.texts = {}
        last = {name.split(".")[-1] for name in [*self.types, *self.scalars]}
        every = {field for fields in self.types.values() for field in fields}
        for row in read_table(directory, "descriptions.tsv"):
            key = (row["type"], row["field"])
            if key in self.texts:
                row.fail(f"duplicate description of {'.'.join(filter(None, key))}")
            if not row["text"]:
                row.fail("no text")
            if row["type"] != "*" and row["type"] not in last | set(self.types) | set(self.scalars):
                row.fail(f"unknown type {row['type']}")
            if row["field"] and row["field"] not in every:
                row.fail(f"no type has a field {row['field']}")
            self.texts[key] = row["text"]

    def description(self, type_name, field=""):
        """That of the type, of all types of that last name (in every version), of all types."""
        for name in (type_name, type_name.split(".")[-1]) + (("*",) if field else ()):
            if (name, field) in self.texts:
                return self.texts[name, field]
        return ""

    # ---- kinds

    def read_kinds(self, directory):
        self.kinds, paths = {}, set()
        for row in read_table(directory, "kinds.tsv"):
            row["key"] = row["resource"] + ("." + row["group"] if row["group"] else "")
            if row["key"] in self.kinds:
                row.fail(f"duplicate kind {row['key']}")
            if row["scope"] not in ("namespaced", "cluster"):
                row.fail(f"scope is namespaced or cluster, not {row['scope']!r}")
            if row["name"] not in NAME_CHECKS:
                row.fail(f"unknown name check {row['name']!r}")
            row["bits"] = self.verb_bits(row)
            row["keeps"] = set(filter(None, row["keeps"].split(",")))
            if row["keeps"] - {"generation", "status"}:
                row.fail(f"keeps knows generation and status, not {sorted(row['keeps'])}")
            if row["put"] not in ("", "creates"):
                row.fail(f"put is creates or nothing, not {row['put']!r}")
            if row["delete"] not in ("", "object"):
                row.fail(f"delete is object or nothing, not {row['delete']!r}")
            row["list"] = [self.version(row, v) for v in row["versions"].split(",")]
            row["subresources"], row["columns"] = [], []
            self.kinds[row["key"]] = row
        for name, into in (("subresources.tsv", "subresources"), ("columns.tsv", "columns")):
            for row in read_table(directory, name):
                key = row.get("of") or row.get("kind")
                if key not in self.kinds:
                    row.fail(f"unknown kind {key!r}")
                if any(row["name"] == r["name"] for r in self.kinds[key][into]):
                    row.fail(f"duplicate {row['name']} of {key}")
                self.kinds[key][into].append(row)
        for kind in self.kinds.values():
            for row in kind["subresources"]:
                row["bits"] = self.verb_bits(row)
                own = not row["version"]
                group, version = kind["list"][0][:2] if own else (row["group"], row["version"])
                row["body"] = self.body_type(row, group, version, row["kind"])
            if "status" in kind["keeps"] and "status" not in [r["name"] for r in kind["subresources"]]:
                kind.fail("keeps status but has no status subresource")

    def version(self, row, text):
        """v1, or events.k8s.io/v1 in another group than the stored one: group, version and type."""
        group, _, version = text.rpartition("/")
        group = group or row["group"]
        return group, version, self.body_type(row, group, version, row["kind"])

    @staticmethod
    def verb_bits(row):
        bits = 0
        for verb in row["verbs"].split(","):
            if verb == "all":
                bits |= (1 << len(VERBS)) - 1
            elif verb.lstrip("-") not in VERBS:
                row.fail(f"unknown verb {verb!r}")
            elif verb.startswith("-"):
                bits &= ~(1 << VERBS.index(verb[1:]))
            else:
                bits |= 1 << VERBS.index(verb)
        return bits

    def body_type(self, row, group, version, kind):
        """The type of (rbac.authorization.k8s.io, v1, Role) is rbac.v1.Role."""
        name = f"{group.split('.')[0] or 'core'}.{version}.{kind}"
        if name not in self.types:
            row.fail(f"unknown type {name}")
        return name

    def reach(self):
        """Keeps the types that kinds reach, and marks those above a default or a rule."""
        todo = [t for k in self.kinds.values() for _, _, t in k["list"]]
        todo += [r["body"] for k in self.kinds.values() for r in k["subresources"]]
        todo += [t for t in self.types if t.startswith(ALWAYS_REACHED)]
        found = set()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += [f["target"] for f in self.types[name].values() if f["target"]]
        self.reached = sorted(found, key=str.encode)
        every = (("defaults", self.defaults), ("rules", self.rules), ("conversions", self.conversions))
        self.above = {what: self.holders(lines) for what, lines in every}

    def holders(self, lines):
        marked, grown = {t for t in self.reached if t in lines}, True
        while grown:
            more = {t for t in self.reached if any(f["target"] in marked for f in self.types[t].values())}
            grown = not more <= marked
            marked |= more
        return marked


class Writer:
    def __init__(self, schema):
        self.schema, self.out = schema, []
        self.index = {name: i for i, name in enumerate(schema.reached)}
        self.order = {name: sorted(schema.types[name], key=str.encode) for name in schema.reached}

    def put(self, text):
        self.out.append(text)

    def array(self, declaration, items):
        if items:
            self.put(f"{declaration}[] = {{")
            self.out.extend(f"    {item}," for item in items)
            self.put("};")

    def field_ref(self, type_name, field):
        return f"&fields_{self.index[type_name]}[{self.order[type_name].index(field)}]" if field else "NULL"

    def type_ref(self, name):
        return f"&schema_types[{self.index[name]}]" if name else "NULL"

    def field(self, f):
        f["about"] = self.schema.description(f["type"], f["field"])
        patch = f["patch_strategy"].split(",")
        parts = [f".name = {c_text(f['field'])}", f".type = {self.type_ref(f['target'])}",
                 f".shape = SHAPE_{f['shape']}", f".scalar = SCALAR_{f['scalar']}"]
        flags = (("required", f["required"] == "y"), ("patch_merge", "merge" in patch),
                 ("patch_replace_keys", "retainKeys" in patch), ("proto_presence", f["presence"]))
        parts += [f".{name} = true" for name, value in flags if value]
        texts = (("merge_key", "patch_merge_key"), ("list_type", "list_type"), ("list_keys", "list_map_keys"),
                 ("scalar_type", "scalar_type"), ("about", "about"))
        parts += [f".{name} = {c_text(f[column])}" for name, column in texts if f[column]]
        parts += [f".proto_{name} = {f[name]}" for name in ("number", "outer") if f[name]]
        return "{" + ", ".join(parts) + "}"

    def default(self, row):
        head = f".field = {self.field_ref(row['type'], row['field'])}, .always = {c_bool(row['when'] == 'always')}"
        if row["compute"]:
            return f"{{{head}, .compute = {row['compute']}}}"
        return f"{{{head}, .bytes = {c_bytes(row['bytes'])}, .len = {len(row['bytes'])}}}"

    def rule(self, row):
        parts = [f".field = {self.field_ref(row['type'], row['field'])}", f".rule = RULE_{row['rule'].upper()}"]
        if row["rule"] == "range":
            parts.append(f".low = {row['low']}, .high = {row['high']}, .zero = {c_bool(row['zero'])}")
        elif row["rule"] == "required":
            parts.append(f".key = {c_text(row['argument'] or row['field'])}")
        elif row["rule"] == "enum":
            parts.append(".choices = " + self.texts(row["argument"].split(",")))
        elif row["rule"] == "unique":
            parts.append(f".key = {c_text(row['argument'])}")
        elif row["rule"] == "name":
            parts.append(f".name = name_check_{row['argument']}")
        elif row["rule"] == "check":
            parts.append(f".check = {row['argument']}")
        return "{" + ", ".join(parts) + "}"

    def conversion(self, row):
        if row["function"]:
            return f"{{.convert = {row['function']}}}"
        outer, _, stored = row["stored"].rpartition(".")
        return f"{{{self.field_ref(row['type'], row['field'])}, {self.text(outer)}, {c_text(stored)}, NULL}}"

    @staticmethod
    def text(value):
        return c_text(value) if value else "NULL"

    @staticmethod
    def texts(items):
        return "(const char *const[]){" + ", ".join([c_text(i) for i in items if i] + ["NULL"]) + "}"

    def functions(self):
        schema = self.schema
        computed = {r["compute"] for t in schema.defaults for r in schema.defaults[t] if r["compute"]}
        checks = {r["argument"] for t in schema.rules for r in schema.rules[t] if r["rule"] == "check"}
        names = {r["argument"] for t in schema.rules for r in schema.rules[t] if r["rule"] == "name"}
        names |= {k["name"] for k in schema.kinds.values()}
        converts = {r["function"] for t in schema.conversions for r in schema.conversions[t] if r["function"]}
        for kind, found in (("default_fn", computed), ("check_fn", checks), ("convert_fn", converts)):
            self.out.extend(f"extern {kind} {name};" for name in sorted(found))
        self.out.extend(f"extern name_fn name_check_{name};" for name in sorted(names))

    def types(self):
        schema, entries = self.schema, []
        for name in schema.reached:
            i = self.index[name]
            defaults, rules = schema.defaults.get(name, []), schema.rules.get(name, [])
            self.array(f"static const struct field fields_{i}",
                       [self.field(schema.types[name][f]) for f in self.order[name]])
            self.array(f"static const struct type_default defaults_{i}", [self.default(r) for r in defaults])
            self.array(f"static const struct type_rule rules_{i}", [self.rule(r) for r in rules])
            moves = schema.conversions.get(name, [])
            self.array(f"static const struct type_conversion conversions_{i}", [self.conversion(r) for r in moves])
            parts = [f".name = {c_text(name)}", f".fields = fields_{i}", f".field_count = {len(self.order[name])}",
                     f".about = {self.text(schema.description(name))}"]
            for what, rows in (("default", defaults), ("rule", rules), ("conversion", moves)):
                if rows:
                    parts += [f".{what}s = {what}s_{i}", f".{what}_count = {len(rows)}"]
                if name in schema.above[what + "s"]:
                    parts.append(f".{what}s_below = true")
            entries.append("{" + ", ".join(parts) + "}")
        self.array("const struct type schema_types", entries)
        self.put(f"const unsigned schema_type_count = {len(entries)};")

    def kinds(self):
        kinds, entries = self.schema.kinds, []
        self.keys = sorted(kinds, key=str.encode)
        for i, key in enumerate(self.keys):
            kind = kinds[key]
            self.array(f"static const struct subresource subresources_{i}", [
                f"{{{', '.join(c_text(s[c]) for c in ('name', 'group', 'version', 'kind'))}, {s['bits']}, "
                f"{self.type_ref(s['body'])}}}" for s in kind["subresources"]])
            self.array(f"static const struct kind_version versions_{i}", [
                f"{{&schema_kinds[{i}], {c_text(g)}, {c_text(v)}, {c_text(self.api_version(g, v))}, {self.type_ref(t)}}}"
                for g, v, t in kind["list"]])
            self.array(f"static const struct column columns_{i}", [
                f"{{{', '.join(c_text(c[x]) for x in ('name', 'type', 'format', 'description'))}, {c['priority']}}}"
                for c in kind["columns"]])
            entries.append(self.kind(i, kind))
        self.array("const struct kind schema_kinds", entries)
        self.put(f"const unsigned schema_kind_count = {len(entries)};")

    def kind(self, i, kind):
        def table(name, key):
            return f".{name}s = {f'{name}s_{i}' if kind[key] else 'NULL'}, .{name}_count = {len(kind[key])}"

        texts = ", ".join(f".{c} = {c_text(kind[c])}" for c in ("key", "kind", "group", "resource", "singular"))
        return (f"{{.index = {i}, {texts}, .short_names = {self.texts(kind['short_names'].split(','))}, "
                f".categories = {self.texts(kind['categories'].split(','))}, "
                f".namespaced = {c_bool(kind['scope'] == 'namespaced')}, "
                f".has_generation = {c_bool('generation' in kind['keeps'])}, "
                f".has_status = {c_bool('status' in kind['keeps'])}, "
                f".put_creates = {c_bool(kind['put'])}, .delete_tells = {c_bool(kind['delete'])}, "
                f".name_check = name_check_{kind['name']}, .verbs = {kind['bits']}, "
                f"{table('subresource', 'subresources')}, {table('version', 'list')}, {table('column', 'columns')}}}")

    @staticmethod
    def api_version(group, version):
        return f"{group}/{version}" if group else version

    def lookups(self):
        kinds = self.schema.kinds
        every = [(kinds[k], i, g, v, at) for i, k in enumerate(self.keys)
                 for at, (g, v, _) in enumerate(kinds[k]["list"])]
        paths = sorted((g, v, k["resource"], i, at) for k, i, g, v, at in every)
        gvks = sorted((self.api_version(g, v), k["kind"], i, at) for k, i, g, v, at in every)
        for name, entry, rows, texts in (("path", "path_entry", paths, 3), ("gvk", "gvk_entry", gvks, 2)):
            for one, next_one in zip(rows, rows[1:]):
                if one[:texts] == next_one[:texts]:
                    raise SchemaError(f"kinds.tsv: {one[:texts]} is served twice")
            self.array(f"const struct {entry} schema_{name}s",
                       ["{" + ", ".join(map(c_text, r[:texts])) + f", {r[-2]}, {r[-1]}}}" for r in rows])
            self.put(f"const unsigned schema_{name}_count = {len(rows)};")

    def write(self):
        self.put("/* Made by tools/schemagen.py from src/proto/schema; do not edit. */")
        self.put('#include "proto/names.h"\n#include "proto/schema_tables.h"\n')
        self.functions()
        self.types()
        self.kinds()
        self.lookups()
        return "\n".join(self.out) + "\n"


def main(arguments):
    if len(arguments) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        text = Writer(Schema(arguments[1])).write()
    except SchemaError as e:
        print(f"schemagen: {e}", file=sys.stderr)
        return 1
    with open(arguments[2], "w", encoding="ascii") as f:
        f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
