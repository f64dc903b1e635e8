/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to messages. protobuf-c does the work; before it does, one walk over the wire format (Protocol
 * Buffers' encoding, proto2) sees that everything lies inside of what holds it, that nothing is nested too
 * deeply for a recursive reader and that texts are clean UTF-8, so that whatever is wrong has an offset. The
 * reader's memory goes on the reading's account.
 */
#include "onnx.h"

#include <stdlib.h>

#define HEADER 16u   /* in front of each block: its size, keeping the alignment */
#define OVERHEAD 32u /* what a block costs beyond its bytes: the header and the allocator's own */

typedef struct Level {
    uint64_t end;
    const ProtobufCMessageDescriptor *message;
} Level;

typedef struct Walk {
    Reading *reading;
    const uint8_t *bytes;
    uint64_t at, end;
    Level levels[ONNX_NESTING];
    uint32_t depth;
} Walk;

static bool bad(const Walk *w, uint64_t at, const char *what) {
    (void)nn_fail(w->reading->nn, w->reading->status, NN_INVALID, "offset %llu: not an ONNX model: %s",
                  (unsigned long long)at, what);
    return false;
}

static bool take_varint(Walk *w, uint64_t end, uint64_t *value) {
    const uint64_t start = w->at;
    *value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (w->at >= end)
            return bad(w, start, "a number is cut short");
        const uint8_t byte = w->bytes[w->at++];
        if (shift < 64)
            *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return bad(w, start, "a number of more than ten bytes");
}

/* UTF-8 (RFC 3629) of characters that a terminal can be shown. */
static bool clean_text(const uint8_t *p, uint64_t n) {
    for (uint64_t i = 0; i < n;) {
        const uint8_t c = p[i];
        const unsigned more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : 3;
        if (c < 0x80 ? (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f
                     : c < 0xc2 || c > 0xf4 || more >= n - i)
            return false;
        for (unsigned k = 1; k <= more; k++)
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
        if ((c == 0xe0 && p[i + 1] < 0xa0) || (c == 0xed && p[i + 1] > 0x9f) ||
            (c == 0xf0 && p[i + 1] < 0x90) || (c == 0xf4 && p[i + 1] > 0x8f) ||
            (c == 0xc2 && p[i + 1] < 0xa0))
            return false;
        i += more + 1;
    }
    return true;
}

static bool take_block(Walk *w, const ProtobufCFieldDescriptor *field, uint64_t end) {
    const uint64_t start = w->at;
    uint64_t length;
    if (!take_varint(w, end, &length))
        return false;
    if (length > end - w->at)
        return bad(w, start, "cut short: something would end behind what holds it");
    if (field && field->type == PROTOBUF_C_TYPE_STRING && !clean_text(w->bytes + w->at, length))
        return bad(w, start, "a text is not UTF-8, or has control characters");
    if (field && field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (w->depth == ONNX_NESTING)
            return bad(w, start, "nested more than " /* ONNX_NESTING */ "64 deep");
        w->levels[w->depth++] = (Level){w->at + length, field->descriptor};
        return true;
    }
    w->at += length;
    return true;
}

static bool take_fixed(Walk *w, uint64_t end, unsigned bytes) {
    if (end - w->at < bytes)
        return bad(w, w->at, "a number is cut short");
    w->at += bytes;
    return true;
}

static bool take_field(Walk *w) {
    const Level *level = &w->levels[w->depth - 1];
    const uint64_t end = level->end, start = w->at;
    uint64_t tag, skipped;
    if (!take_varint(w, end, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > 536870911u)
        return bad(w, start, "a field number that cannot be");
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(level->message, (unsigned)(tag >> 3));
    switch (tag & 7) {
    case 0: return take_varint(w, end, &skipped);
    case 1: return take_fixed(w, end, 8);
    case 2: return take_block(w, field, end);
    case 5: return take_fixed(w, end, 4);
    default: return bad(w, start, "a field of an unknown kind");
    }
}

static bool walk(Reading *r, const ProtobufCMessageDescriptor *message, const void *bytes, uint64_t n) {
    Walk w = {.reading = r, .bytes = bytes, .end = n, .depth = 1, .levels = {{n, message}}};
    while (w.depth > 0)
        if (w.at == w.levels[w.depth - 1].end)
            w.depth--;
        else if (!take_field(&w))
            return false;
    return true;
}

/* ---- memory of the messages ---- */

static void *counted_alloc(void *data, size_t size) {
    Reading *r = data;
    if (size > SIZE_MAX - OVERHEAD || !onnx_charge(r, size + OVERHEAD))
        return NULL;
    uint64_t *block = malloc(size + HEADER);
    if (block == NULL) {
        r->left += size + OVERHEAD;
        return NULL;
    }
    *block = size + OVERHEAD;
    return (char *)block + HEADER;
}

static void counted_free(void *data, void *p) {
    Reading *r = data;
    if (p == NULL)
        return;
    uint64_t *block = (uint64_t *)(void *)((char *)p - HEADER);
    r->left += *block;
    free(block);
}

static ProtobufCAllocator allocator(Reading *r) {
    return (ProtobufCAllocator){.alloc = counted_alloc, .free = counted_free, .allocator_data = r};
}

void *onnx_unpack(Reading *r, const ProtobufCMessageDescriptor *message, const void *bytes, uint64_t n) {
    if (n > INT32_MAX) {
        (void)nn_fail(r->nn, r->status, NN_INVALID,
                      "%llu bytes: an ONNX model has at most 2 GiB, and its larger tensors beside it",
                      (unsigned long long)n);
        return NULL;
    }
    if (!walk(r, message, bytes, n))
        return NULL;
    ProtobufCAllocator with = allocator(r);
    void *found = protobuf_c_message_unpack(message, &with, (size_t)n, bytes);
    if (found == NULL && r->exhausted)
        (void)nn_fail(r->nn, r->status, NN_INVALID,
                      "not an ONNX model: %llu bytes that would take more than four times as many, and "
                      "64 MiB, to read",
                      (unsigned long long)n);
    else if (found == NULL)
        (void)nn_fail(r->nn, r->status, NN_INVALID, "not an ONNX model: a field has a value of another kind");
    return found;
}

Onnx__ModelProto *onnx_parse(Reading *r, const void *bytes, uint64_t n) {
    return onnx_unpack(r, &onnx__model_proto__descriptor, bytes, n);
}

void onnx_release(Reading *r, void *message) {
    ProtobufCAllocator with = allocator(r);
    if (message)
        protobuf_c_message_free_unpacked(message, &with);
}
