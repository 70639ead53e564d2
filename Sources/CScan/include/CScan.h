#pragma once
#include <stddef.h>
#include <stdint.h>

/// Finds the separators of a block of delimited text that begins at the start of a row.
///
/// Writes the position of every `delimiter` and newline outside quotes to `positions` and, for every newline, its index
/// in `positions` to `row_ends`. They need room for `count` entries, `positions` for CSCAN_SLACK more. Quotes toggle, so
/// doubled quotes are harmless. Returns the number of positions; `*rows` gets the number of newlines outside quotes,
/// `*lines` that of all newlines, `*open_quote` 1 if the block ends in a quote.
size_t cscan_index(const uint8_t *data, size_t count, uint8_t delimiter, uint32_t *positions, uint32_t *row_ends,
                   size_t *rows, size_t *lines, int *open_quote);

/// Entries behind the positions that may be written to.
#define CSCAN_SLACK 16

/// The number of `"` bytes, for quote parity, and of newline bytes.
void cscan_count(const uint8_t *data, size_t count, size_t *quotes, size_t *newlines);

/// The instruction set in use: "avx512", "avx2" or "portable".
const char *cscan_level(void);
