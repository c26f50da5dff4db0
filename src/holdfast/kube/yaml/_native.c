/* The quick way of reading and printing YAML, compiled: what is ordinary is done here, all else is left to Python.
 *
 * `read` takes one document of plain block YAML: maps with text keys, lists, one-line flow collections, literal blocks, quoted and plain
 * scalars whose meaning no dialect doubts. At the first byte that it does not know for sure it gives up and answers `NotImplemented`;
 * it judges nothing and has no error messages of its own. `dump` prints JSON data; for every text that is not plainly plain it asks
 * Python's rules (`quoting.py`), and it answers `NotImplemented` where a document needs more than lines of keys and dashes.
 *
 * So Python stays the only place where YAML's meaning is written down, and the tests hold this file against it. A document here is
 * untrusted: every read is bounded by `end`, depth is bounded by `DEEPEST`, and nothing is kept but a table of keys seen.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DEEPEST 90
#define KEY_SLOTS 1024
#define LONGEST_KEY 48
#define WIDTH 80

/* ---------------------------------------------------------------- characters */

enum { LETTER = 1, DIGIT = 2, NUMERIC = 4, SAFE = 8, FLOW_TEXT = 16 };

static unsigned char class_of[256];

static void mark(const char *bytes, unsigned char class)
{
    for (; *bytes; bytes++)
        class_of[(unsigned char)*bytes] |= class;
}

static void fill_classes(void)
{
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", *digits = "0123456789";
    mark(letters, LETTER | SAFE | FLOW_TEXT);
    mark(digits, DIGIT | NUMERIC | SAFE | FLOW_TEXT);
    /* Whatever a decimal number or a time of day of any dialect may be made of. */
    mark("eE_.+-: ", NUMERIC);
    mark("_./()$+=,@-", SAFE);
    mark("_./+=$()-;~^%@*&!", FLOW_TEXT);
}

#define IS(byte, class) (class_of[(unsigned char)(byte)] & (class))

static bool is_word(const char *text, Py_ssize_t size, const char *const *words)
{
    for (; *words; words++)
        if ((Py_ssize_t)strlen(*words) == size && memcmp(*words, text, size) == 0)
            return true;
    return false;
}

static const char *const NULLS[] = {"null", "Null", "NULL", NULL};
static const char *const TRUES[] = {"true", "True", "TRUE", NULL};
static const char *const FALSES[] = {"false", "False", "FALSE", NULL};
static const char *const OLD_WORDS[] = {"y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO",
                                        "on", "On", "ON", "off", "Off", "OFF", NULL};

/* ---------------------------------------------------------------- reading */

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

static PyObject *read_block(Reader *r);
static PyObject *read_flow(Reader *r);
static PyObject *read_after_key(Reader *r, Py_ssize_t parent);

static PyObject *key_table[KEY_SLOTS];

static PyObject *text_of(const char *start, const char *end)
{
    PyObject *text = PyUnicode_DecodeUTF8(start, end - start, NULL);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
        PyErr_Clear();
    return text;
}

/* Whether any byte is one that dialects disagree on wherever it stands, in comments too. */
static bool has_strange_bytes(const char *text, Py_ssize_t size)
{
    const unsigned char *start = (const unsigned char *)text, *end = start + size;
    bool strange = false, wide = false;
    for (const unsigned char *p = start; p < end; p++) {
        strange |= (*p < 0x20 && *p != '\n') || *p == 0x7f;
        wide |= *p >= 0x80;
    }
    if (strange || !wide)
        return strange;
    PyObject *whole = text_of(text, text + size);
    if (whole == NULL)
        return true;
    Py_DECREF(whole);
    for (const unsigned char *p = start; p + 1 < end; p++) {
        if (p[0] == 0xc2 && p[1] < 0xa0)
            return true;
        if (p + 2 < end && ((p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) ||
                            (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) || (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)))
            return true;
    }
    return false;
}

static bool at_line_end(const Reader *r) { return r->at == r->end || *r->at == '\n'; }

static bool is_blank_or_end(const Reader *r, const char *p) { return p >= r->end || *p == ' ' || *p == '\n'; }

static bool is_dash(const Reader *r) { return r->at < r->end && *r->at == '-' && is_blank_or_end(r, r->at + 1); }

static void skip_blanks(Reader *r)
{
    while (r->at < r->end && *r->at == ' ')
        r->at++;
}

/* From a line's end, or from the start of the text, to the next line with content. False at a document's marker. */
static bool next_line(Reader *r)
{
    r->skipped = 0;
    r->commented = false;
    if (r->at < r->end && *r->at == '\n')
        r->at++;
    for (;;) {
        const char *start = r->at;
        skip_blanks(r);
        if (r->at == r->end) {
            r->column = -1;
            return true;
        }
        if (*r->at != '\n' && *r->at != '#') {
            r->column = r->at - start;
            if (r->column)
                return true;
            Py_ssize_t left = r->end - r->at;
            return !(*r->at == '%' || (left >= 3 && (memcmp(r->at, "---", 3) == 0 || memcmp(r->at, "...", 3) == 0)));
        }
        if (*r->at == '#')
            r->commented = true;
        else
            r->skipped++;
        const char *line_end = memchr(r->at, '\n', r->end - r->at);
        r->at = line_end ? line_end + 1 : r->end;
    }
}

/* Passes blanks and a comment behind a finished node; false where something else follows on its line. */
static bool finish_line(Reader *r)
{
    skip_blanks(r);
    if (at_line_end(r))
        return true;
    if (*r->at != '#' || r->at[-1] != ' ')
        return false;
    const char *line_end = memchr(r->at, '\n', r->end - r->at);
    r->at = line_end ? line_end : r->end;
    return true;
}

/* Whether [start, end), which begins with a digit or with a minus and a digit, is no number and no time of any dialect. */
static bool is_surely_text(const char *start, const char *end)
{
    const char *p = start + (*start == '-');
    int points = 0;
    if (*p == '0' && end - p > 1 && strchr("xXoObB", p[1]) != NULL && p[1] != 0)
        return false;
    if (end - p > 5 && p[4] == '-' && IS(p[5], DIGIT) && IS(p[0], DIGIT) && IS(p[1], DIGIT) && IS(p[2], DIGIT) && IS(p[3], DIGIT))
        return false;
    for (; p < end; p++) {
        points += *p == '.';
        if (!IS(*p, NUMERIC) || points > 1)
            return true;
    }
    return false;
}

/* A number without doubt, text without doubt, or unsure: [start, end) begins with a digit, or with a minus and a digit. */
static PyObject *number_or_text(const char *start, const char *end)
{
    const char *first = start + (*start == '-'), *point = NULL, *p = first;
    if (is_surely_text(start, end))
        return text_of(start, end);
    for (; p < end; p++) {
        if (*p == '.')
            point = p;
        else if (!IS(*p, DIGIT))
            return UNSURE;
    }
    /* Longer ones lose digits, or not; a nought before others is octal, or not. */
    if (end - first > 14 || (*first == '0' && (first != start || (end - first > 1 && first[1] != '.'))))
        return UNSURE;
    if (point == NULL) {
        long long value = 0;
        for (p = first; p < end; p++)
            value = value * 10 + (*p - '0');
        return PyLong_FromLongLong(first == start ? value : -value);
    }
    bool whole = true;
    for (p = point + 1; p < end; p++)
        whole &= *p == '0';
    if (whole)
        return UNSURE;
    char copy[24];
    memcpy(copy, start, end - start);
    copy[end - start] = 0;
    double value = PyOS_string_to_double(copy, NULL, NULL);
    return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
}

/* What a plain scalar means; [start, end) holds no blank at either side and is not empty. */
static PyObject *plain_value(const char *start, const char *end)
{
    Py_ssize_t size = end - start;
    unsigned char first = *start, second = size > 1 ? start[1] : 0;
    if (IS(first, LETTER)) {
        if (size <= 5) {
            if (is_word(start, size, OLD_WORDS))
                return UNSURE;
            if (is_word(start, size, TRUES))
                return Py_NewRef(Py_True);
            if (is_word(start, size, FALSES))
                return Py_NewRef(Py_False);
            if (is_word(start, size, NULLS))
                return Py_NewRef(Py_None);
        }
        return text_of(start, end);
    }
    if (IS(first, DIGIT) || (first == '-' && IS(second, DIGIT)))
        return number_or_text(start, end);
    switch (first) {
    case '/': case '$': case '(': case ')': case '_': case ';': case '^': case '\\':
        return text_of(start, end);
    case '-':
        return IS(second, LETTER) || second == '-' || second == '/' || second == '$' ? text_of(start, end) : UNSURE;
    case '.':
        if (second == '/' || (second == '.' && size > 2 && start[2] == '/'))
            return text_of(start, end);
        return IS(second, LETTER) && second != 'i' && second != 'I' && second != 'n' && second != 'N' ? text_of(start, end) : UNSURE;
    case ':':
        return size > 1 && second != ' ' ? text_of(start, end) : UNSURE;
    case '~':
        return size == 1 ? Py_NewRef(Py_None) : UNSURE;
    default:
        return first >= 0x80 ? text_of(start, end) : UNSURE;
    }
}

/* The end of the plain text that starts at `p`, on its line, without blanks behind it; NULL where a colon makes it a key. */
static const char *plain_end(const Reader *r, const char *p)
{
    const char *last = p;
    for (; p < r->end && *p != '\n'; p++) {
        if (*p == ' ')
            continue;
        if (*p == '#' && p[-1] == ' ' && last != p)
            break;
        if (*p == ':' && is_blank_or_end(r, p + 1))
            return NULL;
        last = p + 1;
    }
    return last;
}

/* A plain scalar with the lines that continue it: those deeper than `parent`. Leaves `at` as next_line does. */
static PyObject *read_plain(Reader *r, Py_ssize_t parent)
{
    const char *start = r->at, *end = plain_end(r, start);
    if (end == NULL)
        return UNSURE;
    r->at = end;
    bool commented = false;
    while (!at_line_end(r)) {
        commented |= *r->at == '#';
        r->at++;
    }
    if (!next_line(r))
        return UNSURE;
    if (r->column <= parent)
        return plain_value(start, end);
    if (commented || !IS(*start, LETTER))
        return UNSURE;
    /* Several lines are text, whatever the first one looks like. */
    PyObject *whole = text_of(start, end);
    while (whole != NULL && r->column > parent) {
        const char *line = r->at;
        if (r->commented || is_dash(r) || (end = plain_end(r, line)) == NULL) {
            Py_DECREF(whole);
            return UNSURE;
        }
        PyObject *part = text_of(line, end), *between = NULL, *joined = NULL;
        if (part != NULL && r->skipped) {
            between = PyUnicode_New(r->skipped, 127);
            for (Py_ssize_t i = 0; between != NULL && i < r->skipped; i++)
                PyUnicode_WriteChar(between, i, '\n');
        }
        else if (part != NULL)
            between = PyUnicode_FromString(" ");
        if (between != NULL)
            joined = PyUnicode_FromFormat("%U%U%U", whole, between, part);
        Py_XDECREF(part);
        Py_XDECREF(between);
        Py_SETREF(whole, joined);
        r->at = end;
        while (!at_line_end(r)) {
            if (*r->at++ == '#') {
                Py_CLEAR(whole);
                return UNSURE;
            }
        }
        if (whole != NULL && !next_line(r)) {
            Py_DECREF(whole);
            return UNSURE;
        }
    }
    return whole;
}

/* Where the quoted text that starts at `p` ends: on its closing quote. NULL where it has none or needs more thought. */
static const char *quoted_end(const Reader *r, const char *p, char quote, bool *plain, bool *folded)
{
    for (; p < r->end; p++) {
        if (*p == '\n') {
            /* Text that goes on in the first column may be a document's marker. */
            *folded = true;
            if (p + 1 == r->end || (p[1] != ' ' && p[1] != '\n'))
                return NULL;
        }
        else if (*p == '\\' && quote == '"') {
            *plain = false;
            p++;
            if (p == r->end || *p == 0 || strchr("\"\\ntr", *p) == NULL)
                return NULL;
        }
        else if (*p == quote) {
            if (quote == '"' || p + 1 == r->end || p[1] != '\'')
                return p;
            *plain = false;
            p++;
        }
    }
    return NULL;
}

/* A line's end within quotes: the blanks around it go, alone it is a blank, and of several all but the first stay. */
static char *fold_break(const char **from, char *to, const char *start)
{
    const char *p = *from;
    Py_ssize_t breaks = 0;
    while (to > start && to[-1] == ' ')
        to--;
    for (; *p == ' ' || *p == '\n'; p++)
        breaks += *p == '\n';
    *from = p - 1;
    if (breaks == 1)
        *to++ = ' ';
    for (; breaks > 1; breaks--)
        *to++ = '\n';
    return to;
}

/* 'text' or "text"; `at` ends behind the closing quote. */
static PyObject *read_quoted(Reader *r, bool one_line)
{
    char quote = *r->at;
    const char *start = r->at + 1;
    bool plain = true, folded = false;
    const char *end = quoted_end(r, start, quote, &plain, &folded);
    /* An escaped blank in front of a line's end stays; only the exact path tells it from others. */
    if (end == NULL || (folded && (one_line || (!plain && quote == '"'))))
        return UNSURE;
    r->at = end + 1;
    if (plain && !folded)
        return text_of(start, end);
    char *copy = PyMem_Malloc(end - start + 1), *to = copy;
    if (copy == NULL)
        return PyErr_NoMemory();
    for (const char *from = start; from < end; from++) {
        if (*from == '\n')
            to = fold_break(&from, to, copy);
        else if (*from == '\\' && quote == '"') {
            from++;
            *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from == 'r' ? '\r' : *from;
        }
        else {
            from += *from == quote;
            *to++ = *from;
        }
    }
    PyObject *text = text_of(copy, to);
    PyMem_Free(copy);
    return text;
}

/* `|`, `|-` or `|+` and the lines deeper than `parent`. Leaves `at` as next_line does. */
static PyObject *read_literal(Reader *r, Py_ssize_t parent)
{
    char chomping = 0;
    r->at++;
    if (r->at < r->end && (*r->at == '-' || *r->at == '+'))
        chomping = *r->at++;
    skip_blanks(r);
    /* A text cut off before its last line break is read differently. */
    if (r->at == r->end || *r->at != '\n' || r->end[-1] != '\n')
        return UNSURE;
    const char *p = r->at + 1;
    Py_ssize_t indent = 0;
    while (p + indent < r->end && p[indent] == ' ')
        indent++;
    if (p + indent >= r->end || p[indent] == '\n' || indent <= parent || indent == 0)
        return UNSURE;
    char *copy = PyMem_Malloc(r->end - p), *to = copy, *content_end = copy;
    if (copy == NULL)
        return PyErr_NoMemory();
    const char *line_break = r->at;
    while (p < r->end) {
        const char *line_end = memchr(p, '\n', r->end - p);
        Py_ssize_t blanks = 0;
        while (p[blanks] == ' ' && blanks < indent)
            blanks++;
        if (p[blanks] == '\n')
            *to++ = '\n';
        else if (blanks < indent)
            break;
        else {
            const char *rest = p + indent;
            while (*rest == ' ')
                rest++;
            if (rest == line_end) { /* a line of nothing but blanks, too many of them */
                PyMem_Free(copy);
                return UNSURE;
            }
            memcpy(to, p + indent, line_end + 1 - p - indent);
            to += line_end + 1 - p - indent;
            content_end = to;
        }
        line_break = line_end;
        p = line_end + 1;
    }
    if (chomping != '+')
        to = content_end - (chomping == '-');
    PyObject *text = text_of(copy, to);
    PyMem_Free(copy);
    r->at = line_break;
    if (text != NULL && !next_line(r))
        Py_CLEAR(text);
    return text;
}

/* A plain scalar between brackets, of characters that are nothing else there. */
static PyObject *read_flow_plain(Reader *r)
{
    const char *start = r->at, *last = start;
    for (; r->at < r->end; r->at++) {
        unsigned char c = *r->at;
        if (c == ' ')
            continue;
        if (c == ':' && r->end - r->at > 2 && r->at[1] == '/' && r->at[2] == '/')
            r->at++;
        else if (!IS(c, FLOW_TEXT) && c < 0x80)
            break;
        last = r->at + 1;
    }
    if (last == start || r->at == r->end || (*r->at != ',' && *r->at != ']' && *r->at != '}'))
        return UNSURE;
    return plain_value(start, last);
}

static PyObject *read_flow_item(Reader *r)
{
    if (r->at == r->end)
        return UNSURE;
    if (*r->at == '"' || *r->at == '\'')
        return read_quoted(r, true);
    return *r->at == '[' || *r->at == '{' ? read_flow(r) : read_flow_plain(r);
}

/* A key between braces with its colon and the blank behind it. */
static PyObject *read_flow_key(Reader *r)
{
    PyObject *key = NULL;
    if (r->at < r->end && (*r->at == '"' || *r->at == '\''))
        key = read_quoted(r, true);
    else {
        const char *start = r->at;
        while (r->at < r->end && IS(*r->at, FLOW_TEXT))
            r->at++;
        if (r->at > start)
            key = plain_value(start, r->at);
    }
    if (key == NULL)
        return NULL;
    if (PyUnicode_CheckExact(key) && r->end - r->at > 1 && r->at[0] == ':' && r->at[1] == ' ') {
        r->at += 2;
        return key;
    }
    Py_DECREF(key);
    return UNSURE;
}

/* Adds to a map; false where the key is there already, which is not for us to judge. */
static bool put(PyObject *map, PyObject *key, PyObject *value)
{
    Py_ssize_t before = PyDict_GET_SIZE(map);
    return PyDict_SetItem(map, key, value) == 0 && PyDict_GET_SIZE(map) > before;
}

/* One more member of a flow collection. */
static bool read_flow_member(Reader *r, PyObject *into)
{
    PyObject *key = NULL, *value = NULL;
    bool done = false;
    if (PyList_CheckExact(into)) {
        value = read_flow_item(r);
        done = value != NULL && PyList_Append(into, value) == 0;
    }
    else if ((key = read_flow_key(r)) != NULL) {
        skip_blanks(r);
        value = read_flow_item(r);
        done = value != NULL && put(into, key, value);
    }
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

/* [...] or {...} on one line; `at` ends behind the closing bracket. */
static PyObject *read_flow(Reader *r)
{
    char closing = *r->at++ == '[' ? ']' : '}';
    if (++r->depth > DEEPEST)
        return UNSURE;
    PyObject *found = closing == ']' ? PyList_New(0) : PyDict_New();
    if (found == NULL)
        return NULL;
    skip_blanks(r);
    if (r->at < r->end && *r->at == closing) {
        r->at++;
        r->depth--;
        return found;
    }
    while (read_flow_member(r, found)) {
        skip_blanks(r);
        if (r->at == r->end)
            break;
        char c = *r->at++;
        if (c == closing) {
            r->depth--;
            return found;
        }
        if (c != ',')
            break;
        skip_blanks(r);
    }
    Py_DECREF(found);
    return NULL;
}

/* A key, from the table where it was met before: objects repeat their keys. */
static PyObject *key_text(const char *start, const char *end)
{
    Py_ssize_t size = end - start;
    if (size > LONGEST_KEY)
        return plain_value(start, end);
    uint32_t hash = 2166136261u;
    for (const char *p = start; p < end; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    PyObject **slot = &key_table[(hash ^ hash >> 15) % KEY_SLOTS];
    if (*slot != NULL && PyUnicode_GET_LENGTH(*slot) == size && memcmp(PyUnicode_DATA(*slot), start, size) == 0)
        return Py_NewRef(*slot);
    PyObject *key = plain_value(start, end);
    if (key != NULL && PyUnicode_CheckExact(key) && PyUnicode_IS_COMPACT_ASCII(key))
        Py_XSETREF(*slot, Py_NewRef(key));
    return key;
}

/* Whether a key stands at `at`: its text, with `at` behind the colon. Otherwise NULL and `at` unmoved, or unsure. */
static PyObject *read_key(Reader *r, bool *unsure)
{
    const char *start = r->at, *p = start;
    PyObject *key;
    *unsure = false;
    if (*p == '"' || *p == '\'') {
        /* On more lines than one it is a value for sure. */
        key = read_quoted(r, true);
        if (key == NULL)
            *unsure = PyErr_Occurred() != NULL;
        else if (r->at < r->end && *r->at == ':' && is_blank_or_end(r, r->at + 1) && r->at - start < 1000)
            r->at++;
        else {
            r->at = start;
            Py_CLEAR(key);
        }
        return key;
    }
    for (; p < r->end && *p != '\n'; p++) {
        if (*p == ':' && is_blank_or_end(r, p + 1))
            break;
        if (*p == '#' && p > start && p[-1] == ' ')
            return NULL;
    }
    if (p == r->end || *p == '\n')
        return NULL;
    key = p > start && p[-1] != ' ' && p - start < 1000 ? key_text(start, p) : NULL;
    if (key != NULL && PyUnicode_CheckExact(key)) {
        r->at = p + 1;
        return key;
    }
    *unsure = true;
    Py_XDECREF(key);
    return NULL;
}

/* A map whose first key, read already, stood at `column`. Takes the reference to the key. */
static PyObject *read_map(Reader *r, Py_ssize_t column, PyObject *key)
{
    PyObject *map = ++r->depth > DEEPEST ? NULL : PyDict_New();
    while (map != NULL) {
        PyObject *value = read_after_key(r, column);
        if (value == NULL || !put(map, key, value) || r->column > column)
            Py_CLEAR(map);
        Py_XDECREF(value);
        Py_CLEAR(key);
        if (map == NULL || r->column < column)
            break;
        bool unsure;
        key = is_dash(r) ? NULL : read_key(r, &unsure);
        if (key == NULL)
            Py_CLEAR(map);
    }
    Py_XDECREF(key);
    r->depth--;
    return map;
}

/* A scalar or flow collection at `at` below the column `parent`, with the rest of its lines. */
static PyObject *read_inline(Reader *r, Py_ssize_t parent)
{
    PyObject *value;
    switch (*r->at) {
    case '|':
        return read_literal(r, parent);
    case '"': case '\'':
        value = read_quoted(r, false);
        break;
    case '[': case '{':
        value = read_flow(r);
        break;
    default:
        return is_dash(r) ? UNSURE : read_plain(r, parent);
    }
    if (value != NULL && !(finish_line(r) && next_line(r)))
        Py_CLEAR(value);
    return value;
}

/* A list whose first dash stands at `at`, in `column`. */
static PyObject *read_list(Reader *r, Py_ssize_t column)
{
    PyObject *list = ++r->depth > DEEPEST ? NULL : PyList_New(0);
    while (list != NULL) {
        const char *dash = r->at++;
        PyObject *item;
        skip_blanks(r);
        if (at_line_end(r) || *r->at == '#') {
            if (!finish_line(r) || !next_line(r))
                item = UNSURE;
            else
                item = r->column > column ? read_block(r) : Py_NewRef(Py_None);
        }
        else {
            Py_ssize_t inner = column + (r->at - dash);
            bool unsure = false;
            PyObject *key;
            if (is_dash(r))
                item = read_list(r, inner);
            else if (strchr("[{|", *r->at) == NULL && (key = read_key(r, &unsure)) != NULL)
                item = read_map(r, inner, key);
            else
                item = unsure ? UNSURE : read_inline(r, column);
        }
        if (item == NULL || PyList_Append(list, item) < 0 || r->column > column)
            Py_CLEAR(list);
        Py_XDECREF(item);
        if (r->column < column || !is_dash(r))
            break;
    }
    r->depth--;
    return list;
}

/* The value of a key that stood at `parent`; `at` is behind its colon. */
static PyObject *read_after_key(Reader *r, Py_ssize_t parent)
{
    skip_blanks(r);
    if (!at_line_end(r) && *r->at != '#')
        return read_inline(r, parent);
    if (!finish_line(r) || !next_line(r))
        return UNSURE;
    if (r->column == parent && is_dash(r))
        return read_list(r, parent);
    return r->column > parent ? read_block(r) : Py_NewRef(Py_None);
}

/* The map or list that starts at `at`, in the reader's column. A scalar on a line of its own is not for us. */
static PyObject *read_block(Reader *r)
{
    Py_ssize_t column = r->column;
    if (is_dash(r))
        return read_list(r, column);
    bool unsure;
    PyObject *key = read_key(r, &unsure);
    return key == NULL ? UNSURE : read_map(r, column, key);
}

static PyObject *native_read(PyObject *module, PyObject *data)
{
    char *start;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(data, &start, &size) < 0)
        return NULL;
    Reader r = {.at = start, .end = start + size};
    if (size >= 4 && memcmp(start, "---\n", 4) == 0)
        r.at += 4;
    PyObject *value = UNSURE;
    if (!has_strange_bytes(r.at, r.end - r.at) && next_line(&r) && r.column >= 0) {
        value = read_block(&r);
        if (value != NULL && r.column >= 0)
            Py_CLEAR(value);
    }
    return value != NULL ? value : PyErr_Occurred() ? NULL : Py_NewRef(Py_NotImplemented);
}

/* ---------------------------------------------------------------- printing */

typedef struct {
    char *bytes;
    size_t size, room, line; /* `line`: where the line being written starts */
    PyObject *rules;         /* (values, keys, text, plain, ordered): see dump.py */
} Printer;

enum { VALUES, KEYS, TEXT, PLAIN, ORDERED, RULES };

static bool print_item(Printer *p, PyObject *item, int level, bool in_list);

static bool reserve(Printer *p, size_t more)
{
    if (p->size + more <= p->room)
        return true;
    size_t room = (p->room + more) * 2;
    char *bytes = PyMem_Realloc(p->bytes, room);
    if (bytes == NULL) {
        PyErr_NoMemory();
        return false;
    }
    p->bytes = bytes;
    p->room = room;
    return true;
}

static bool add(Printer *p, const char *bytes, size_t size)
{
    if (!reserve(p, size))
        return false;
    memcpy(p->bytes + p->size, bytes, size);
    p->size += size;
    return true;
}

static bool add_text(Printer *p, PyObject *text)
{
    Py_ssize_t size;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &size);
    return bytes != NULL && add(p, bytes, size);
}

static bool end_line(Printer *p)
{
    if (!add(p, "\n", 1))
        return false;
    p->line = p->size;
    return true;
}

static bool indent(Printer *p, int level)
{
    if (!reserve(p, 2 * (size_t)level))
        return false;
    memset(p->bytes + p->size, ' ', 2 * (size_t)level);
    p->size += 2 * (size_t)level;
    return true;
}

/* Characters on the line so far. */
static Py_ssize_t column_of(const Printer *p)
{
    Py_ssize_t column = 0;
    for (size_t i = p->line; i < p->size; i++)
        column += (p->bytes[i] & 0xc0) != 0x80;
    return column;
}

/* A quantity, a version, a digest. */
static bool is_safe_quantity(const char *text, Py_ssize_t size)
{
    for (Py_ssize_t at = 0; at < size; at++)
        if (!IS(text[at], SAFE))
            return false;
    return is_surely_text(text, text + size);
}

/* Text that needs no quotes for sure: as SAFE and WORDS of quoting.py, or a quantity. */
static bool is_safe(const char *text, Py_ssize_t size)
{
    Py_ssize_t at = 0;
    if (size && IS(text[0], DIGIT))
        return is_safe_quantity(text, size);
    while (at < size && at < 2 && text[at] == '-')
        at++;
    if (at == size || !(IS(text[at], LETTER) || (at == 0 && text[at] != 0 && strchr("_/$(", text[at]) != NULL)))
        return false;
    for (at++; at < size; at++) {
        if (IS(text[at], SAFE))
            continue;
        if ((text[at] != ' ' && text[at] != ':') || at + 1 == size || !IS(text[at + 1], SAFE))
            return false;
    }
    return size > 5 || !(is_word(text, size, NULLS) || is_word(text, size, TRUES) || is_word(text, size, FALSES) ||
                         is_word(text, size, OLD_WORDS));
}

static bool is_safe_text(PyObject *text)
{
    return PyUnicode_IS_COMPACT_ASCII(text) && is_safe(PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text));
}

/* A string behind what the line holds so far. */
static bool print_text(Printer *p, PyObject *text, int level)
{
    Py_ssize_t column = column_of(p);
    if (is_safe_text(text) && column + PyUnicode_GET_LENGTH(text) < WIDTH)
        return add(p, PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text)) && end_line(p);
    PyObject *token = PyObject_GetItem(PyTuple_GET_ITEM(p->rules, VALUES), text);
    if (token == NULL)
        return false;
    bool done;
    if (PyUnicode_GET_LENGTH(token) && column + PyUnicode_GET_LENGTH(token) < WIDTH)
        done = add_text(p, token);
    else {
        PyObject *lead = PyUnicode_DecodeUTF8(p->bytes + p->line, p->size - p->line, NULL), *lines = NULL;
        if (lead != NULL)
            lines = PyObject_CallFunction(PyTuple_GET_ITEM(p->rules, TEXT), "OOOi", text, token, lead, level);
        p->size = p->line;
        done = lines != NULL && add_text(p, lines);
        Py_XDECREF(lead);
        Py_XDECREF(lines);
    }
    Py_DECREF(token);
    return done && end_line(p);
}

/* Numbers that are not small, floating point, what is no JSON data: as Python's rules print it, or raise. */
static bool print_other(Printer *p, PyObject *item)
{
    PyObject *text = PyObject_CallOneArg(PyTuple_GET_ITEM(p->rules, PLAIN), item);
    bool done = text != NULL && add_text(p, text) && end_line(p);
    Py_XDECREF(text);
    return done;
}

static bool print_integer(Printer *p, PyObject *item)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(item, &overflow);
    if (overflow)
        return print_other(p, item);
    char digits[24];
    int size = PyOS_snprintf(digits, sizeof digits, "%lld", value);
    return add(p, digits, size) && end_line(p);
}

/* Set where two keys differ in a number, which `order.py` compares. */
static bool doubtful_order;

/* As `order.py`: a letter comes behind anything else, and otherwise the code decides. */
static int compare_keys(const void *left, const void *right)
{
    PyObject *a = *(PyObject *const *)left, *b = *(PyObject *const *)right;
    Py_ssize_t a_size = PyUnicode_GET_LENGTH(a), b_size = PyUnicode_GET_LENGTH(b), at = 0;
    const unsigned char *a_text = PyUnicode_DATA(a), *b_text = PyUnicode_DATA(b);
    while (at < a_size && at < b_size && a_text[at] == b_text[at])
        at++;
    if (at == a_size || at == b_size)
        return (a_size > b_size) - (a_size < b_size);
    doubtful_order |= IS(a_text[at], DIGIT) || IS(b_text[at], DIGIT);
    if (IS(a_text[at], LETTER) != IS(b_text[at], LETTER))
        return IS(a_text[at], LETTER) ? 1 : -1;
    return a_text[at] < b_text[at] ? -1 : 1;
}

/* The keys of a map in its own order; NULL without an exception where one of them is no string. */
static PyObject *keys_of(PyObject *map, bool *ascii)
{
    PyObject *keys = PyTuple_New(PyDict_GET_SIZE(map)), *key;
    Py_ssize_t place = 0, count = 0;
    *ascii = true;
    while (keys != NULL && PyDict_Next(map, &place, &key, NULL)) {
        if (!PyUnicode_CheckExact(key))
            Py_CLEAR(keys);
        else {
            *ascii = *ascii && PyUnicode_IS_COMPACT_ASCII(key);
            PyTuple_SET_ITEM(keys, count++, Py_NewRef(key));
        }
    }
    return keys;
}

/* The keys of a map as go-yaml sorts them, a new tuple; NULL as keys_of. */
static PyObject *sorted_keys(Printer *p, PyObject *map)
{
    bool ascii;
    PyObject *keys = keys_of(map, &ascii), *ordered;
    if (keys == NULL)
        return NULL;
    doubtful_order = !ascii;
    PyObject **items = &PyTuple_GET_ITEM(keys, 0);
    for (Py_ssize_t i = 1; ascii && i < PyTuple_GET_SIZE(keys); i++) {
        if (compare_keys(&items[i - 1], &items[i]) > 0) {
            qsort(items, PyTuple_GET_SIZE(keys), sizeof *items, compare_keys);
            break;
        }
    }
    if (!doubtful_order)
        return keys;
    Py_DECREF(keys);
    if ((keys = keys_of(map, &ascii)) == NULL)
        return NULL;
    ordered = PyObject_CallOneArg(PyTuple_GET_ITEM(p->rules, ORDERED), keys);
    Py_DECREF(keys);
    return ordered;
}

/* A key with its colon; false without an exception where it stands behind a question mark. */
static bool print_key(Printer *p, PyObject *key)
{
    if (is_safe_text(key) && PyUnicode_GET_LENGTH(key) <= 100)
        return add(p, PyUnicode_DATA(key), PyUnicode_GET_LENGTH(key)) && add(p, ":", 1);
    PyObject *token = PyObject_GetItem(PyTuple_GET_ITEM(p->rules, KEYS), key);
    bool done = token != NULL && PyUnicode_GET_LENGTH(token) && add_text(p, token) && add(p, ":", 1);
    Py_XDECREF(token);
    return done;
}

/* A map at `level`; its first key follows what the line holds already where `begun`. */
static bool print_map(Printer *p, PyObject *map, int level, bool begun)
{
    PyObject *keys = level > DEEPEST ? NULL : sorted_keys(p, map);
    bool done = keys != NULL;
    for (Py_ssize_t i = 0; done && i < PyTuple_GET_SIZE(keys); i++) {
        PyObject *key = PyTuple_GET_ITEM(keys, i), *item = PyDict_GetItemWithError(map, key);
        done = item != NULL && (begun || indent(p, level)) && print_key(p, key);
        if (done) {
            Py_INCREF(item);
            done = print_item(p, item, level, false);
            Py_DECREF(item);
        }
        begun = false;
    }
    Py_XDECREF(keys);
    return done;
}

static bool print_list(Printer *p, PyObject *list, int level, bool begun)
{
    bool done = level <= DEEPEST;
    for (Py_ssize_t i = 0; done && i < PyList_GET_SIZE(list); i++) {
        PyObject *item = Py_NewRef(PyList_GET_ITEM(list, i));
        done = (begun || indent(p, level)) && add(p, "-", 1) && print_item(p, item, level, true);
        Py_DECREF(item);
        begun = false;
    }
    return done;
}

/* What follows a key's colon or a dash. */
static bool print_item(Printer *p, PyObject *item, int level, bool in_list)
{
    if (PyDict_CheckExact(item) && PyDict_GET_SIZE(item))
        return in_list ? add(p, " ", 1) && print_map(p, item, level + 1, true) : end_line(p) && print_map(p, item, level + 1, false);
    if (PyList_CheckExact(item) && PyList_GET_SIZE(item))
        return in_list ? add(p, " ", 1) && print_list(p, item, level + 1, true) : end_line(p) && print_list(p, item, level, false);
    if (!add(p, " ", 1))
        return false;
    if (PyUnicode_CheckExact(item))
        return print_text(p, item, level + 1);
    if (item == Py_True || item == Py_False)
        return add(p, item == Py_True ? "true" : "false", item == Py_True ? 4 : 5) && end_line(p);
    if (item == Py_None)
        return add(p, "null", 4) && end_line(p);
    if (PyLong_CheckExact(item))
        return print_integer(p, item);
    return !PyUnicode_Check(item) && print_other(p, item);
}

static PyObject *native_dump(PyObject *module, PyObject *args)
{
    PyObject *value;
    Printer p = {0};
    if (!PyArg_ParseTuple(args, "OO!", &value, &PyTuple_Type, &p.rules))
        return NULL;
    bool done = PyTuple_GET_SIZE(p.rules) == RULES && reserve(&p, 2048);
    if (done && PyDict_CheckExact(value) && PyDict_GET_SIZE(value))
        done = print_map(&p, value, 0, false);
    else if (done && PyList_CheckExact(value) && PyList_GET_SIZE(value))
        done = print_list(&p, value, 0, false);
    else
        done = false;
    PyObject *text = done ? PyUnicode_DecodeUTF8(p.bytes, p.size, NULL) : PyErr_Occurred() ? NULL : Py_NewRef(Py_NotImplemented);
    PyMem_Free(p.bytes);
    return text;
}

/* ---------------------------------------------------------------- the module */

static PyMethodDef methods[] = {
    {"read", native_read, METH_O, "The map or list in these bytes, or NotImplemented."},
    {"dump", native_dump, METH_VARARGS, "The text of a value, printed with these rules, or NotImplemented."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_native", .m_doc = "YAML's ordinary documents, read and printed quickly.", .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC PyInit__native(void)
{
    fill_classes();
    return PyModule_Create(&definition);
}
