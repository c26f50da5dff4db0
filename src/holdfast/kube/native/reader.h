/* The reader's place in its text, and what reads lines and scalars there. */

#ifndef HOLDFAST_READER_H
#define HOLDFAST_READER_H

#include "native.h"

/* `at` stands on the first byte of a node or behind its last one; after `next_line` it stands on the first byte of a line that is
 * neither empty nor a comment, `column` bytes into it, or at the end with a column of -1. */
typedef struct {
    const char *at, *end;
    Py_ssize_t column;
    Py_ssize_t skipped; /* empty lines passed by the last next_line */
    bool commented;     /* whether it passed a comment */
    int depth;
} Reader;

/* NULL without an exception set: this document is not for us. */
#define UNSURE NULL

static inline bool at_line_end(const Reader *r) { return r->at == r->end || *r->at == '\n'; }

static inline bool is_blank_or_end(const Reader *r, const char *p) { return p >= r->end || *p == ' ' || *p == '\n'; }

static inline bool is_dash(const Reader *r) { return r->at < r->end && *r->at == '-' && is_blank_or_end(r, r->at + 1); }

static inline void skip_blanks(Reader *r)
{
    while (r->at < r->end && *r->at == ' ')
        r->at++;
}

bool has_strange_bytes(const char *text, Py_ssize_t size);
bool next_line(Reader *r);
bool finish_line(Reader *r);

PyObject *plain_value(const char *start, const char *end);
PyObject *read_plain(Reader *r, Py_ssize_t parent);
PyObject *read_quoted(Reader *r, bool one_line);
PyObject *read_literal(Reader *r, Py_ssize_t parent);

#endif
