"""Decide who records are, one moment after the other.

Records that become known at one moment are decided together, so their order does not matter. What was decided before
is never changed: a record joins the person of its keys, and two people become one by a merge that is written down.

Two people whose ids differ (both have a CRM id, and not the same) are never joined by e-mail or phone. Where records
would join them, only ids join at that moment: see `Joiner._settle_by_ids`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

NO_KEY = -1
JOINED = "joined"
CONFLICT = "conflict"
RETIRED = "no_key"
CONTESTED = "contested"


class Claim(NamedTuple):
    """One record's key, or the arrival of a record without a key (NO_KEY).

    Attributes:
        record: number of the record.
        key: number of the key; a smaller number is a stronger key, or one that comes first by its text.
        place: number of the claim; NO_KEY for an arrival.
    """

    record: int
    key: int
    place: int


class Merge(NamedTuple):
    """Two people who turned out to be one."""

    ended: int
    living: int
    key: int
    moment: int


class Retired(NamedTuple):
    """A key that is none from a moment on."""

    key: int
    records: int
    moment: int


@dataclass
class Known:
    """What is known before, and grows.

    Attributes:
        record_people: number of a record to that of its person.
        key_people: number of a key to that of its person.
        id_names: number of a person to the names of those ids that it has.
        born: number of a person to the moment since when it is known.
    """

    record_people: dict[int, int]
    key_people: dict[int, int]
    id_names: dict[int, set[str]]
    born: dict[int, int]


class Sets:
    """Hold disjoint sets of numbers that are united step by step."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def find(self, node: int) -> int:
        """Return the node that stands for the set of a node."""
        parents = self._parents
        parent = parents.setdefault(node, node)
        while parent != node:
            grandparent = parents[parent]
            parents[node] = grandparent
            node = parent
            parent = grandparent
        return node

    def unite(self, left: int, right: int) -> None:
        """Make one set of two; the smaller node stands for it."""
        left = self.find(left)
        right = self.find(right)
        if left < right:
            self._parents[right] = left
        elif right < left:
            self._parents[left] = right


class Joiner:
    """Decide who the records of a load are, and collect what was decided."""

    def __init__(
        self,
        known: Known,
        id_names: Mapping[int, str],
        founded: Callable[[int], int],
        id_text: Callable[[int], str],
    ) -> None:
        """Start from what is known.

        Args:
            known: before the load.
            id_names: number of each key of the kind `id` to the key's name.
            founded: returns the number of the person that a record founds.
            id_text: returns the id of a person, which decides who lives on if both are equally old.
        """
        self.known = known
        self.new_records: list[tuple[int, int, int]] = []
        """Record, person, moment."""
        self.new_keys: list[tuple[int, int, int]] = []
        """Key, person, moment."""
        self.merges: list[Merge] = []
        self.retired: list[Retired] = []
        self.outcomes: dict[int, str] = {}
        """Place of a claim to its outcome."""
        self._id_names = id_names
        self._founded = founded
        self._id_text = id_text
        self._successors: dict[int, int] = {}
        self._contested: set[int] = set()

    def join(self, moment: int, claims: Iterable[Claim]) -> None:
        """Decide the claims that become known at a moment, in microseconds since 1970."""
        usable = []
        for claim in claims:
            if claim.key in self._contested:
                self.outcomes[claim.place] = RETIRED
                claim = Claim(claim.record, NO_KEY, NO_KEY)
            usable.append(claim)
        for group in self._groups(usable):
            self._settle(moment, group)

    def _settle(self, moment: int, claims: list[Claim]) -> None:
        """Decide claims that hang together."""
        people = self._people(claims)
        if len(people) > 1 and self._ids_differ(claims):
            self._settle_by_ids(moment, claims)
            return
        person = self._one_person(moment, claims)
        for claim in claims:
            self._place_record(claim.record, person, moment)
            if claim.key != NO_KEY:
                self._place_key(claim.key, person, moment)
                self.outcomes[claim.place] = JOINED

    def _settle_by_ids(self, moment: int, claims: list[Claim]) -> None:
        """Decide claims that would join people whose ids differ: only ids join.

        - Records of one id are one person, as always.
        - A record without an id goes to the person of its strongest key that is known, else it is a person.
        - A key that was known stays with its person; another person's record that has it is a conflict.
        - A new key that records of several people have is contested, and no key from now on.
        """
        by_record = sorted(claims)
        id_claims = [self._only_id(claim) for claim in by_record]
        loners: list[list[Claim]] = []
        for group in self._groups(id_claims):
            if self._people(group) or any(c.key != NO_KEY for c in group):
                self._settle(moment, group)
            else:
                loners.append(group)
        strongest = self._strongest_people(by_record)
        for group in loners:
            record = group[0].record
            person = strongest.get(record)
            if person is None:
                person = self._found(record, moment)
            self._place_record(record, person, moment)
        self._settle_weak_keys(moment, by_record)

    def _settle_weak_keys(self, moment: int, claims: list[Claim]) -> None:
        """Decide e-mails and phones, the records of which have been decided."""
        weak = [claim for claim in claims if self._is_weak(claim.key)]
        weak.sort(key=lambda claim: claim.key)
        for key, group in groupby(weak, key=lambda claim: claim.key):
            claims_of_key = list(group)
            owners = {self._owner(claim.record) for claim in claims_of_key}
            person = self._key_person(key)
            if person is None and len(owners) == 1:
                person = owners.pop()
                self._place_key(key, person, moment)
            if person is None:
                self._contested.add(key)
                retired = Retired(key, len(claims_of_key), moment)
                self.retired.append(retired)
            for claim in claims_of_key:
                joined = self._owner(claim.record) == person
                self.outcomes[claim.place] = JOINED if joined else CONFLICT

    def _owner(self, record: int) -> int:
        """Return the person of a record that has been decided."""
        return self._living(self.known.record_people[record])

    def _strongest_people(self, claims: list[Claim]) -> dict[int, int]:
        """Return for each record the person of its strongest key that is known."""
        people: dict[int, int] = {}
        for claim in sorted(claims, key=lambda claim: claim.key):
            person = self._key_person(claim.key)
            if person is not None:
                people.setdefault(claim.record, person)
        return people

    def _ids_differ(self, claims: list[Claim]) -> bool:
        """Return whether claims would join known people who have different ids of one name."""
        names: set[str] = set()
        id_claims = [self._only_id(claim) for claim in claims]
        for group in self._groups(id_claims):
            people = self._people(group)
            if not people:
                continue
            group_names = {
                self._id_names[claim.key]
                for claim in group
                if claim.key != NO_KEY
            }
            for person in people:
                group_names.update(self._names_of(person))
            if names & group_names:
                return True
            names |= group_names
        # A key may lead to a person of whom no record is here.
        seen = self._people(id_claims)
        for person in self._people(claims) - seen:
            person_names = self._names_of(person)
            if names & person_names:
                return True
            names |= person_names
        return False

    def _one_person(self, moment: int, claims: list[Claim]) -> int:
        """Return the person of claims that hang together: a known one, the merged one, or a new one."""
        people = self._people(claims)
        if len(people) > 1:
            self._merge(moment, claims)
            return self._living(people.pop())
        if people:
            return people.pop()
        founder = min(claim.record for claim in claims)
        return self._found(founder, moment)

    def _merge(self, moment: int, claims: list[Claim]) -> None:
        """Make one person of several, key by key, the strongest first."""
        people_of_sets: dict[int, int] = {}
        sets = Sets()
        for record in {claim.record for claim in claims}:
            person = self._record_person(record)
            if person is not None:
                people_of_sets[record] = person
        for claim in sorted(claims, key=lambda claim: claim.key):
            if claim.key == NO_KEY:
                continue
            record_set = sets.find(claim.record)
            key_set = sets.find(~claim.key)
            record_person = people_of_sets.get(record_set)
            key_person = people_of_sets.get(key_set)
            if key_person is None:
                key_person = self._key_person(claim.key)
            person = self._united(record_person, key_person, claim, moment)
            sets.unite(record_set, key_set)
            if person is not None:
                people_of_sets[sets.find(record_set)] = person

    def _united(
        self,
        left: int | None,
        right: int | None,
        claim: Claim,
        moment: int,
    ) -> int | None:
        """Return who two people are together; writes a merge if they were two."""
        if left is None or right is None:
            return right if left is None else left
        left = self._living(left)
        right = self._living(right)
        if left == right:
            return left
        older, younger = sorted((left, right), key=self._age)
        self._successors[younger] = older
        self.merges.append(Merge(younger, older, claim.key, moment))
        names = self.known.id_names.pop(younger, set())
        self._names_of(older).update(names)
        return older

    def _age(self, person: int) -> tuple[int, str]:
        return self.known.born[person], self._id_text(person)

    def _names_of(self, person: int) -> set[str]:
        return self.known.id_names.setdefault(person, set())

    def _found(self, record: int, moment: int) -> int:
        person = self._founded(record)
        self.known.born[person] = moment
        return person

    def _place_record(self, record: int, person: int, moment: int) -> None:
        if record not in self.known.record_people:
            self.known.record_people[record] = person
            self.new_records.append((record, person, moment))

    def _place_key(self, key: int, person: int, moment: int) -> None:
        if key in self.known.key_people:
            return
        self.known.key_people[key] = person
        self.new_keys.append((key, person, moment))
        name = self._id_names.get(key)
        if name is not None:
            self._names_of(person).add(name)

    def _record_person(self, record: int) -> int | None:
        person = self.known.record_people.get(record)
        return None if person is None else self._living(person)

    def _key_person(self, key: int) -> int | None:
        person = self.known.key_people.get(key)
        return None if person is None else self._living(person)

    def _living(self, person: int) -> int:
        while person in self._successors:
            person = self._successors[person]
        return person

    def _people(self, claims: Iterable[Claim]) -> set[int]:
        """Return the known people of records and keys."""
        people = set()
        for claim in claims:
            for person in (
                self._record_person(claim.record),
                self._key_person(claim.key),
            ):
                if person is not None:
                    people.add(person)
        return people

    def _is_weak(self, key: int) -> bool:
        return key != NO_KEY and key not in self._id_names

    def _only_id(self, claim: Claim) -> Claim:
        """Return the claim, or the arrival of its record if its key is no id."""
        if self._is_weak(claim.key):
            return Claim(claim.record, NO_KEY, NO_KEY)
        return claim

    def _groups(self, claims: list[Claim]) -> list[list[Claim]]:
        """Return the claims by what hangs together through records, keys and known people."""
        if len(claims) == 1:
            return [claims]
        sets = Sets()
        anchors: dict[int, int] = {}
        for claim in claims:
            nodes = [claim.record]
            if claim.key != NO_KEY:
                nodes.append(~claim.key)
            for node in nodes:
                sets.unite(claim.record, node)
                person = self._node_person(node)
                if person is not None:
                    anchor = anchors.setdefault(person, node)
                    sets.unite(anchor, node)
        groups: dict[int, list[Claim]] = {}
        for claim in claims:
            root = sets.find(claim.record)
            groups.setdefault(root, []).append(claim)
        return list(groups.values())

    def _node_person(self, node: int) -> int | None:
        if node >= 0:
            return self._record_person(node)
        return self._key_person(~node)
