#pragma once
#include <stddef.h>
#include <stdint.h>

/// Finds the separators of a block of delimited text that begins at the start of a row.
///
/// Writes the position of every `delimiter` and newline outside quotes to `positions` and, for every newline, its index
/// in `positions` to `row_ends`. Both need room for `count` entries. Quotes toggle, so doubled quotes are harmless.
/// Returns the number of positions; `*rows` gets the number of newlines, `*open_quote` 1 if the block ends in a quote.
size_t cscan_index(const uint8_t *data, size_t count, uint8_t delimiter, uint32_t *positions, uint32_t *row_ends,
                   size_t *rows, int *open_quote);

/// The number of `"` bytes, for quote parity.
size_t cscan_count_quotes(const uint8_t *data, size_t count);

/// The number of newline bytes.
size_t cscan_count_newlines(const uint8_t *data, size_t count);

/// The instruction set in use: "avx512", "avx2" or "portable".
const char *cscan_level(void);
