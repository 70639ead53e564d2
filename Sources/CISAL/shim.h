#pragma once
#include <isa-l.h>
#include <string.h>

// What the library has no function for: where an inflater stands between two deflate blocks, and how it goes on there.

/// Whether two inflaters decode with the same codes; a block header gives new ones.
static inline int cisal_same_codes(const struct inflate_state *a, const struct inflate_state *b) {
    return memcmp(&a->lit_huff_code, &b->lit_huff_code, sizeof a->lit_huff_code) == 0
        && memcmp(&a->dist_huff_code, &b->dist_huff_code, sizeof a->dist_huff_code) == 0;
}

/// Whether a block header is begun and all text before it is delivered.
static inline int cisal_is_between_blocks(const struct inflate_state *state) {
    return state->block_state == ISAL_BLOCK_HDR && state->tmp_out_valid == state->tmp_out_processed
        && state->write_overflow_len == 0 && state->copy_overflow_length == 0;
}

/// The bits taken in that belong to a header begun.
static inline int64_t cisal_held_bits(const struct inflate_state *state) {
    return 8 * (int64_t)state->tmp_in_size + state->read_in_length;
}

/// Copies the last text, at most 32 KiB, to `window` and returns its length.
static inline uint32_t cisal_window(const struct inflate_state *state, uint8_t *window) {
    int32_t length = state->tmp_out_valid < ISAL_DEF_HIST_SIZE ? state->tmp_out_valid : ISAL_DEF_HIST_SIZE;
    memcpy(window, state->tmp_out_buffer + state->tmp_out_valid - length, length);
    return length;
}

/// Prepares an inflater for the block behind `window` in a gzip member of which `text` bytes with CRC-32 `crc` were inflated;
/// its header begins with the upper `bits` bits of `byte`. Returns COMP_OK.
static inline int cisal_resume(struct inflate_state *state, uint8_t *window, uint32_t length, uint32_t crc,
                               uint32_t text, uint8_t byte, int32_t bits) {
    isal_inflate_init(state);
    state->crc_flag = ISAL_GZIP_NO_HDR_VER;
    state->crc = crc;
    state->total_out = text;
    state->read_in = byte >> (8 - bits);
    state->read_in_length = bits;
    return length == 0 ? COMP_OK : isal_inflate_set_dict(state, window, length);
}
