"""The rows that check_split.c expects, by a second implementation of Philox4x32-10 and of Fisher-Yates
with Lemire's bounded draws. Python 3.11, no packages: python3 tests/reference/split_rows.py"""

MASK = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def words(seed, purpose, step, item):
    block = 0
    while True:
        yield from philox([block, item, step, purpose], [seed & MASK, seed >> 32])
        block += 1


def below(stream, n):
    while True:
        m = next(stream) * n
        if (m & MASK) >= (1 << 32) % n:
            return m >> 32


def shuffled(n, seed, purpose, step=0, item=0):
    rows, stream = list(range(n)), words(seed, purpose, step, item)
    for i in range(n, 1, -1):
        j = below(stream, i)
        rows[i - 1], rows[j] = rows[j], rows[i - 1]
    return rows


rows = shuffled(10, seed=1, purpose=1)  # RNG_SPLIT
print("test", sorted(rows[:2]), "validation", sorted(rows[2:4]))

# Fold 1 of five that seed 1 deals, and a quarter of the other eight.
fold = 1
test = sorted(shuffled(10, 1, 1, step=1)[fold::5])
rest = [row for row in range(10) if row not in test]
validation = sorted(rest[i] for i in shuffled(len(rest), 1, 1, step=2, item=fold)[:2])
print("fold 1: test", test, "validation", validation)
