"""The compiled search for card numbers (``stream.wire.cards`` says what is one), at a fraction of a nanosecond a byte.

One pass without a branch marks digits, blanks and dashes; a number of 13 digits covers two marked words of four.
"""

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stream.wire.columns import Ints

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint32]
_LEAST, _MOST = 13, 19
_HEX_NAME = 20  # characters, beyond any card number
_ALL = np.uint32(0x01010101)


@njit(cache=True)
def find_cards(text: Bytes) -> Ints:
    """Find every card number.

    text  (n,)  any bytes
    ->    (m, 2) start and end of each
    """
    found, digits = np.empty((0, 2), np.int64), np.empty(_MOST, np.int64)
    words = _within(text)
    done = 0
    for i in range(words.size - 1):
        if words[i] & words[i + 1] != _ALL or 4 * i < done:
            continue
        start, end = 4 * i, 4 * i + 8
        while start > done and _may_be_within(text[start - 1]):
            start -= 1
        while end < text.size and _may_be_within(text[end]):
            end += 1
        done = end
        if end - start >= _LEAST:
            found = _search(text, start, end, digits, found)
    return found


@njit(cache=True)
def _within(text: Bytes) -> Words:
    """Of each byte 1 or 0, whether it may be within a card number, four to a word."""
    marks = np.zeros(-(-text.size // 4) * 4, np.uint8)
    for i in range(text.size):
        marks[i] = _may_be_within(text[i])
    return marks.view(np.uint32)


@njit(cache=True, inline="always")
def _may_be_within(character: int) -> bool:
    return ((character >= 48) & (character <= 57)) | (character == 32) | (character == 45)  # digits, blank, dash


@njit(cache=True, inline="always")
def _is_digit(character: int) -> bool:
    return 48 <= character <= 57


@njit(cache=True)
def _search(text: Bytes, start: int, end: int, digits: Ints, found: Ints) -> Ints:
    """Look at each sequence of whole groups of digits in one run of digits, blanks and dashes."""
    first = start
    while first < end:
        if end - first < _LEAST:
            break
        if not 50 <= text[first] <= 54 or (first > start and _is_digit(text[first - 1])):  # begins with 2 to 6
            first += 1
            continue
        last = _card_end(text, first, end, digits)
        if last > first:
            more = np.empty((len(found) + 1, 2), np.int64)
            more[:-1] = found
            more[-1, 0], more[-1, 1] = first, last
            found = more
            first = last
        else:
            first += 1
    return found


@njit(cache=True)
def _card_end(text: Bytes, first: int, end: int, digits: Ints) -> int:
    """End of the card number that begins with the group of digits at ``first``; -1 for none.

    In groups, as cards bear them: the first of 4 to 6 digits, the last of 1 to 7, those between of 4 to 7.
    """
    count = group = 0
    at = first
    while at < end:
        if _is_digit(text[at]):
            if count == _MOST:
                return -1
            digits[count] = text[at] - 48
            count += 1
            group += 1
        is_group_end = _is_digit(text[at]) and (at + 1 == end or not _is_digit(text[at + 1]))
        if is_group_end:
            if count > group > 7:
                return -1
            if _passes(digits, count) and not _is_something_else(text, first, at + 1, count):
                return at + 1
            if group < 4 or (group == count and group > 6):
                return -1  # more groups would make no card number
            group = 0
        elif not _is_digit(text[at]) and at > first and not _is_digit(text[at - 1]):
            return -1  # two blanks
        at += 1
    return -1


@njit(cache=True)
def _passes(digits: Ints, count: int) -> bool:
    """Tell whether digits begin as a card's and pass the Luhn check."""
    if count < _LEAST:
        return False
    two = 10 * digits[0] + digits[1]
    if not (3 <= digits[0] <= 6 or 22 <= two <= 27) or (count == _LEAST and digits[0] != 4):
        return False
    total = 0
    for i in range(count):
        digit = digits[count - 1 - i]
        if i % 2 == 1:
            digit *= 2
            if digit > 9:
                digit -= 9
        total += digit
    return total % 10 == 0


@njit(cache=True)
def _is_something_else(text: Bytes, first: int, end: int, count: int) -> bool:
    """Tell whether what passes the check is a fraction, a time or part of a hexadecimal name."""
    if first >= 2 and text[first - 1] == 46 and _is_digit(text[first - 2]):  # 0.4111…
        return True
    if count == _LEAST:
        before = first
        while before > 0 and text[before - 1] == 32:
            before -= 1
        if before >= 2 and text[before - 1] == 58 and text[before - 2] == 34:  # "at": 41…
            return True
    left, right = first, end
    has_letter = False
    while left > 0 and _is_hexadecimal(text[left - 1]):
        left -= 1
        has_letter |= not _is_digit(text[left])
    while right < text.size and _is_hexadecimal(text[right]):
        has_letter |= not _is_digit(text[right])
        right += 1
    is_bounded = (left == 0 or not _is_letter(text[left - 1])) and (right == text.size or not _is_letter(text[right]))
    return has_letter and is_bounded and right - left >= _HEX_NAME


@njit(cache=True, inline="always")
def _is_hexadecimal(character: int) -> bool:
    return 48 <= character <= 57 or 97 <= character <= 102 or 65 <= character <= 70


@njit(cache=True, inline="always")
def _is_letter(character: int) -> bool:
    return 97 <= character <= 122 or 65 <= character <= 90
