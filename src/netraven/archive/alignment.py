"""Which lines of two texts correspond: a longest common subsequence where that is affordable.

The answer is a shortest edit, proven, for all but pathological pairs (tens of thousands of
repeated lines in another order); for those it is a correct edit, and the work stays bounded.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Pair: TypeAlias = tuple[int, int]


class Block(NamedTuple):
    """Lines of one text that stand where lines of the other do; ends are exclusive."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


def changed_blocks(a: Sequence[bytes], b: Sequence[bytes]) -> list[Block]:
    """Return what must be replaced to make `b` of `a`, in order, with unchanged lines between."""
    head = _common_head(a, b)
    tail = _common_tail(a, b, head)
    ends = (len(a) - tail, len(b) - tail)
    blocks, i, j = _of_one_side(a, b, (head, head), ends)
    numbers: dict[bytes, int] = {}
    x = [numbers.setdefault(line, len(numbers)) for line in a[i : ends[0]]]
    y = [numbers.setdefault(line, len(numbers)) for line in b[j : ends[1]]]
    pairs = ((i + p, j + q) for p, q in _common(x, y, _Budget(_STEPS)))
    return _slid_down([*blocks, *_between(pairs, (i, j), ends)], a, b)


# About a second in CPython; what is left undecided then is aligned without search.
_STEPS = 3_000_000
# Each candidate of Hunt and Szymanski's method may keep a link of about 100 bytes.
_MOST_CANDIDATES = 300_000
_MOST_EDITS = 1_500
_FEW_EDITS = 24
_SLICE = 64
# Beyond it even alignment without search takes long; what lies between is shown as replaced.
_MOST_LINES = 600_000


@dataclass(slots=True)
class _Budget:
    steps: int


def _of_one_side(
    a: Sequence[bytes], b: Sequence[bytes], starts: Pair, ends: Pair
) -> tuple[list[Block], int, int]:
    """Return what is changed as far as lines that only one side has tell, and where that ends.

    Such lines are in no common subsequence, and what both have up to there is the same: so it
    goes in most changes to their end, and then nothing has to be searched.
    """
    in_a, in_b = set(a[starts[0] : ends[0]]), set(b[starts[1] : ends[1]])
    blocks: list[Block] = []
    i, j = starts
    while (i, j) != ends:
        next_i, next_j = i, j
        while next_i < ends[0] and a[next_i] not in in_b:
            next_i += 1
        while next_j < ends[1] and b[next_j] not in in_a:
            next_j += 1
        same = _common_head(a[next_i : ends[0]], b[next_j : ends[1]])
        if same == 0 and (next_i, next_j) != ends:
            break
        if (next_i, next_j) != (i, j):
            blocks.append(Block(i, next_i, j, next_j))
        i, j = next_i + same, next_j + same
    return blocks, i, j


def _common(x: list[int], y: list[int], budget: _Budget) -> Iterator[Pair]:
    """Yield corresponding positions of both sequences, rising in both."""
    # A value that only one side has is in no common subsequence: leaving it out loses nothing.
    in_x, in_y = set(x), set(y)
    at_x = [i for i, value in enumerate(x) if value in in_y]
    at_y = [j for j, value in enumerate(y) if value in in_x]
    shared_x, shared_y = [x[i] for i in at_x], [y[j] for j in at_y]
    for i, j in _aligned(shared_x, shared_y, budget):
        yield at_x[i], at_y[j]


def _aligned(x: list[int], y: list[int], budget: _Budget) -> list[Pair]:
    found = _exactly(x, y, budget)
    if found is not None:
        return found
    if len(x) + len(y) > _MOST_LINES:
        return []
    pairs: list[Pair] = []
    anchors = [*_rising(_unique_pairs(x, y)), (len(x), len(y))]
    i = j = 0
    for next_i, next_j in anchors:
        gap_x, gap_y = x[i:next_i], y[j:next_j]
        inner = _exactly(gap_x, gap_y, budget)
        if inner is None:
            inner = _rising(_ranked_pairs(gap_x, gap_y))
        pairs += ((i + p, j + q) for p, q in inner)
        pairs.append((next_i, next_j))
        i, j = next_i + 1, next_j + 1
    return pairs[:-1]


def _exactly(x: list[int], y: list[int], budget: _Budget) -> list[Pair] | None:
    """Return a longest common subsequence, or None where it costs more than the budget."""
    head = _common_head(x, y)
    tail = _common_tail(x, y, head)
    middle_x, middle_y = x[head : len(x) - tail], y[head : len(y) - tail]
    middle = _searched(middle_x, middle_y, budget)
    if middle is None:
        return None
    pairs = [(i, i) for i in range(head)]
    pairs += ((head + i, head + j) for i, j in middle)
    pairs += ((len(x) - k, len(y) - k) for k in range(tail, 0, -1))
    return pairs


def _searched(x: list[int], y: list[int], budget: _Budget) -> list[Pair] | None:
    if not x or not y:
        return []
    # Most pairs differ in a few lines, however many repeat: then this takes a walk along both.
    if (pairs := _greedy(x, y, budget, most_edits=_FEW_EDITS)) is not None:
        return pairs
    count_y = Counter(y)
    candidates = sum(count * count_y[value] for value, count in Counter(x).items())
    if candidates <= min(_MOST_CANDIDATES, budget.steps):
        budget.steps -= candidates
        return _rising(_all_pairs(x, y))
    return _greedy(x, y, budget, most_edits=_MOST_EDITS)


def _rising(pairs: Iterator[Pair]) -> list[Pair]:
    """Return a longest chain that rises in both positions (Hunt and Szymanski, 1977).

    Pairs come in rising order of their first position, then in falling order of the second.
    """
    ends: list[int] = []
    chains: list[tuple[int, int, object]] = []
    for i, j in pairs:
        length = bisect_left(ends, j)
        link = (i, j, chains[length - 1] if length else None)
        if length == len(ends):
            ends.append(j)
            chains.append(link)
        elif ends[length] != j:
            ends[length] = j
            chains[length] = link
    return _unlinked(chains[-1] if chains else None)


def _unlinked(chain: object) -> list[Pair]:
    pairs: list[Pair] = []
    while isinstance(chain, tuple):
        i, j, chain = chain
        pairs.append((i, j))
    pairs.reverse()
    return pairs


def _all_pairs(x: list[int], y: list[int]) -> Iterator[Pair]:
    places = _places(y)
    for i, value in enumerate(x):
        for j in reversed(places.get(value, ())):
            yield i, j


def _unique_pairs(x: list[int], y: list[int]) -> Iterator[Pair]:
    count_x, places = Counter(x), _places(y)
    for i, value in enumerate(x):
        if count_x[value] == 1 and len(places.get(value, ())) == 1:
            yield i, places[value][0]


def _ranked_pairs(x: list[int], y: list[int]) -> Iterator[Pair]:
    """Pair the first occurrence of a value with the first, the second with the second."""
    places = {value: iter(found) for value, found in _places(y).items()}
    for i, value in enumerate(x):
        j = next(places[value], None) if value in places else None
        if j is not None:
            yield i, j


def _places(values: list[int]) -> dict[int, list[int]]:
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, value in enumerate(values):
        places[value].append(place)
    return places


def _greedy(x: list[int], y: list[int], budget: _Budget, *, most_edits: int) -> list[Pair] | None:
    """Return a longest common subsequence by Myers' greedy search, or None beyond the bounds.

    `furthest[k]` is how far in `x` the best path on diagonal k comes with d edits (Myers, "An
    O(ND) Difference Algorithm and Its Variations", 1986).
    """
    size_x, size_y = len(x), len(y)
    furthest = array("l", [0]) * (2 * most_edits + 3)
    zero = most_edits + 1
    rounds: list[array[int]] = []
    for edits in range(most_edits + 1):
        rounds.append(furthest[zero - edits - 1 : zero + edits + 2])
        for k in range(-edits, edits + 1, 2):
            left, right = furthest[zero + k - 1], furthest[zero + k + 1]
            start = i = right if k == -edits or (k != edits and left < right) else left + 1
            j = i - k
            while i < size_x and j < size_y and x[i] == y[j]:
                i += 1
                j += 1
            furthest[zero + k] = i
            budget.steps -= 1 + i - start
            if i >= size_x and j >= size_y:
                return _walked_back(rounds, size_x, size_y)
        if budget.steps < 0:
            return None
    return None


def _walked_back(rounds: list[array[int]], i: int, j: int) -> list[Pair]:
    pairs: list[Pair] = []
    for edits in range(len(rounds) - 1, -1, -1):
        furthest, zero, k = rounds[edits], edits + 1, i - j
        left, right = furthest[zero + k - 1], furthest[zero + k + 1]
        from_above = k == -edits or (k != edits and left < right)
        start = right if from_above else left + 1
        while i > start:
            i -= 1
            j -= 1
            pairs.append((i, j))
        if from_above:
            j -= 1
        else:
            i -= 1
    pairs.reverse()
    return pairs


def _common_head(a: Sequence[object], b: Sequence[object]) -> int:
    place, most = 0, min(len(a), len(b))
    # Whole slices are compared many times as fast as one by one.
    while place < most and a[place : place + _SLICE] == b[place : place + _SLICE]:
        place += _SLICE
    for left, right in zip(a[place:most], b[place:most], strict=True):
        if left != right:
            return place
        place += 1
    return most


def _common_tail(a: Sequence[object], b: Sequence[object], head: int) -> int:
    most, count = min(len(a), len(b)) - head, 0
    while count + _SLICE <= most and _tail(a, count) == _tail(b, count):
        count += _SLICE
    while count < most and a[-1 - count] == b[-1 - count]:
        count += 1
    return count


def _tail(lines: Sequence[object], behind: int) -> Sequence[object]:
    end = len(lines) - behind
    return lines[end - _SLICE : end]


def _between(pairs: Iterator[Pair], starts: Pair, ends: Pair) -> list[Block]:
    blocks: list[Block] = []
    i, j = starts
    for next_i, next_j in (*pairs, ends):
        if i < next_i or j < next_j:
            blocks.append(Block(i, next_i, j, next_j))
        i, j = next_i + 1, next_j + 1
    return blocks


def _slid_down(blocks: list[Block], a: Sequence[bytes], b: Sequence[bytes]) -> list[Block]:
    """Return the same edit with pure insertions and removals as far down as they can stand.

    So an added section shows from its own first line to its own closing one, not from the
    closing line of the section before.
    """
    slid: list[Block] = []
    below = Block(len(a), len(a), len(b), len(b))
    for block in reversed(blocks):
        moved = _as_far_down(block, below, a, b)
        if slid and (moved.a_end, moved.b_end) == (below.a_start, below.b_start):
            slid.pop()
            moved = Block(moved.a_start, below.a_end, moved.b_start, below.b_end)
        slid.append(moved)
        below = moved
    slid.reverse()
    return slid


def _as_far_down(block: Block, below: Block, a: Sequence[bytes], b: Sequence[bytes]) -> Block:
    a_start, a_end, b_start, b_end = block
    if a_start < a_end and b_start < b_end:
        return block
    lines, start, end = (b, b_start, b_end) if a_start == a_end else (a, a_start, a_end)
    room = below.a_start - a_end
    steps = 0
    while steps < room and lines[start + steps] == lines[end + steps]:
        steps += 1
    return Block(a_start + steps, a_end + steps, b_start + steps, b_end + steps)
