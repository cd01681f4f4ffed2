"""Listed differences between boto3 and our client.

A file lists groups of differences. A group contains the name of the message part that differs (`part`), the values of
`boto3` and `ours`, and a `reason`. `cases` contains the names of hand-written cases. For generated cases, `generated`
contains conditions: the `labels` of the values, the names of `operations`, the way in which the message was made
(`how`), and the members that must be `set` or `unset`. A group with `generated` may lack `boto3` or `ours`, and its
`part` may be a pattern. The check fails if no difference matches such a group.
"""

from fnmatch import fnmatchcase

from common import data


class Listed:
    """The differences of a file."""

    def __init__(self, file):
        self.groups = data(file)
        self.occurred = set()
        for group in self.groups:
            if not group["reason"].strip():
                raise SystemExit(f"{file}: {group['part']} has no reason")

    def named(self):
        """Returns the listed values of boto3 and of our client, by case and part."""
        listed = {}
        for group in self.groups:
            for case in group.get("cases", ()):
                listed.setdefault(case, {})[group["part"]] = [group["boto3"], group["ours"]]
        return listed

    def explains(self, operation, case, how, difference):
        """Returns true if a group lists the difference of a generated case, and records that the group occurred."""
        for index, group in enumerate(self.groups):
            if "generated" in group and applies(group, operation, case, how, difference):
                self.occurred.add(index)
                return True
        return False

    def unused(self):
        groups = enumerate(self.groups)
        return [group["reason"] for index, group in groups if "generated" in group and index not in self.occurred]


def applies(group, operation, case, how, difference):
    rule = group["generated"]
    part, theirs, ours = difference
    return (
        fnmatchcase(part, group["part"])
        and group.get("boto3", theirs) == theirs
        and group.get("ours", ours) == ours
        and ("labels" not in rule or case.label in rule["labels"])
        and rule.get("how", how) == how
        and ("operations" not in rule or operation in rule["operations"])
        and set(rule.get("set", ())) <= set(case.value)
        and not set(rule.get("unset", ())) & set(case.value)
    )
