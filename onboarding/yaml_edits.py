"""Change single entries of a YAML text, so that everything else of it stays, comments included."""

import re
from dataclasses import dataclass, field

import yaml

Entry = tuple[yaml.Node, yaml.Node]


@dataclass
class YamlText:
    """A YAML text and the changes to make to it.

    Attributes:
        text: as it is.
        changes: begin and end of a piece of the text, and what takes its place.
    """

    text: str
    changes: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def root(self) -> yaml.MappingNode:
        """Return the outermost mapping. Raises ValueError where the text is no mapping."""
        node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise ValueError("not a mapping")
        return node

    def result(self) -> str:
        """Return the text with all changes made. Of two that overlap, the later one loses its common part."""
        parts: list[str] = []
        position = 0
        for begin, end, replacement in sorted(self.changes):
            if begin > position:
                parts.append(self.text[position:begin])
            parts.append(replacement)
            position = max(position, end)
        parts.append(self.text[position:])
        return "".join(parts)

    def replace(self, entry: Entry, replacement: str) -> None:
        """Put other text in the place of a key and its value; what stands behind them in the line stays."""
        key, value = entry
        self.changes.append(
            (key.start_mark.index, self._end(value), replacement)
        )

    def replace_key(self, entry: Entry, replacement: str) -> None:
        """Put another key in the place of a key; the value moves to the right with it."""
        key, _ = entry
        self.changes.append(
            (key.start_mark.index, key.end_mark.index, replacement)
        )

    def remove(self, mapping: yaml.MappingNode, names: set[str]) -> None:
        """Take keys and their values out of a mapping."""
        entries = mapping.value
        for position, (key, value) in enumerate(entries):
            if key.value not in names:
                continue
            begin = key.start_mark.index
            end = self._end(value)
            if mapping.flow_style:
                self._remove_from_flow(entries, position)
            elif self._alone_in_lines(begin):
                self._remove_lines(begin, end)
            elif position + 1 < len(entries):
                following = entries[position + 1][0].start_mark.index
                self.changes.append((begin, following, ""))

    def source(self, node: yaml.Node) -> str:
        """Return the text of a value."""
        return self.text[node.start_mark.index : self._end(node)]

    def _end(self, node: yaml.Node) -> int:
        """Return where a value ends. PyYAML ends a block at the next token, behind comments and empty lines."""
        last = node
        while getattr(last, "flow_style", None) is False and last.value:
            child = last.value[-1]
            last = child[1] if isinstance(child, tuple) else child
        return last.end_mark.index

    def _alone_in_lines(self, begin: int) -> bool:
        line_begin = self.text.rfind("\n", 0, begin) + 1
        return not self.text[line_begin:begin].strip()

    def _remove_lines(self, begin: int, end: int) -> None:
        """Take whole lines out; a comment behind the value keeps a line of its own."""
        line_end = self.text.find("\n", end)
        if line_end < 0:
            line_end = len(self.text)
        rest = self.text[end:line_end].strip()
        if rest:
            self.changes.append((begin, end, ""))
            return
        line_begin = self.text.rfind("\n", 0, begin) + 1
        self.changes.append((line_begin, line_end + 1, ""))

    def _remove_from_flow(self, entries: list[Entry], position: int) -> None:
        begin = entries[position][0].start_mark.index
        if position + 1 < len(entries):
            following = entries[position + 1][0].start_mark.index
            self.changes.append((begin, following, ""))
            return
        end = self._end(entries[position][1])
        if position:
            begin = self._end(entries[position - 1][1])
        self.changes.append((begin, end, ""))


def indented(text: str, spaces: int) -> str:
    """Return a text whose second and later lines stand so many spaces further to the right."""
    return re.sub(r"\n(?=[^\n])", "\n" + " " * spaces, text)


def entries_of(mapping: yaml.Node) -> dict[str, Entry]:
    """Return the entries of a mapping by key."""
    return {key.value: (key, value) for key, value in mapping.value}


def as_mapping(node: yaml.Node) -> yaml.MappingNode:
    """Return a node that is a mapping. Raises ValueError for any other one."""
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"line {node.start_mark.line + 1}: not a mapping")
    return node


def flow_style(node: yaml.Node) -> bool:
    """Return whether a list or mapping stands in brackets or braces."""
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode):
        return bool(node.flow_style)
    return False
