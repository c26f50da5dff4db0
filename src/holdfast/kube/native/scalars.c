/* Lines and scalars of a YAML text. Whatever is not known for sure is `UNSURE`. */

#include "reader.h"

/* Lines of one plain scalar; each is put behind the others, so there must not be very many. */
#define MOST_LINES 200

static PyObject *text_of(const char *start, const char *end)
{
    PyObject *text = PyUnicode_DecodeUTF8(start, end - start, NULL);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
        PyErr_Clear();
    return text;
}

/* Whether any byte is one that dialects disagree on wherever it stands, in comments too. */
bool has_strange_bytes(const char *text, Py_ssize_t size)
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

/* From a line's end, or from the start of the text, to the next line with content. False at a document's marker. */
bool next_line(Reader *r)
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
bool finish_line(Reader *r)
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

/* Whether plain text that begins with this byte, and is longer, is text whatever follows. */
static bool begins_text(unsigned char first) { return IS(first, LETTER) || first >= 0x80 || strchr("/$()_;^\\", first) != NULL; }

/* What a plain scalar means; [start, end) holds no blank at either side and is not empty. */
PyObject *plain_value(const char *start, const char *end)
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
    }
    if (begins_text(first))
        return text_of(start, end);
    if (IS(first, DIGIT) || (first == '-' && IS(second, DIGIT)))
        return number_or_text(start, end);
    switch (first) {
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
        return UNSURE;
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
PyObject *read_plain(Reader *r, Py_ssize_t parent)
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
    if (commented || !begins_text(*start))
        return UNSURE;
    /* Several lines are text, whatever the first one looks like. */
    PyObject *whole = text_of(start, end);
    for (int lines = 1; whole != NULL && r->column > parent; lines++) {
        const char *line = r->at;
        if (lines > MOST_LINES || r->skipped > MOST_LINES || r->commented || (end = plain_end(r, line)) == NULL) {
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

/* The character behind the `u` at `p`, or 0 where there is none that is ordinary everywhere. */
static Py_UCS4 escaped_character(const char *p, const char *end)
{
    Py_UCS4 code = 0;
    if (end - p < 5)
        return 0;
    for (int i = 1; i <= 4; i++) {
        unsigned char c = p[i];
        int digit = IS(c, DIGIT) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return 0;
        code = code << 4 | (Py_UCS4)digit;
    }
    /* Neither controls nor the separators that some take for line breaks, no halves of characters and no marks of byte order. */
    bool ordinary = (code > 0x20 && code < 0x7f) || (code >= 0xa0 && code < 0x2028) || (code > 0x2029 && code < 0xd800) ||
                    (code >= 0xe000 && code < 0xfeff) || (code > 0xfeff && code < 0xfffe);
    return ordinary ? code : 0;
}

/* Writes a character of the first plane as UTF-8. */
static char *put_character(char *to, Py_UCS4 code)
{
    if (code < 0x80)
        *to++ = (char)code;
    else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    else {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
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
            if (p == r->end || *p == 0 || strchr("\"\\ntr \nu", *p) == NULL)
                return NULL;
            if (*p == 'u' && escaped_character(p, r->end) == 0)
                return NULL;
            if (*p == '\n') {
                *folded = true;
                if (p + 1 == r->end || p[1] != ' ')
                    return NULL;
            }
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

/* A line's end within quotes: the blanks around it go, except those before `kept`; alone it is a blank, and of several all but the
 * first stay. */
static char *fold_break(const char **from, char *to, const char *kept)
{
    const char *p = *from;
    Py_ssize_t breaks = 0;
    while (to > kept && to[-1] == ' ')
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
PyObject *read_quoted(Reader *r, bool one_line)
{
    char quote = *r->at;
    const char *start = r->at + 1;
    bool plain = true, folded = false;
    const char *end = quoted_end(r, start, quote, &plain, &folded);
    if (end == NULL || (folded && one_line))
        return UNSURE;
    r->at = end + 1;
    if (plain && !folded)
        return text_of(start, end);
    char *copy = PyMem_Malloc(end - start + 1), *to = copy, *kept = copy;
    if (copy == NULL)
        return PyErr_NoMemory();
    for (const char *from = start; from < end; from++) {
        if (*from == '\n')
            to = fold_break(&from, to, kept);
        else if (*from == '\\' && quote == '"') {
            from++;
            if (*from == '\n') { /* The lines are one; blanks in front of the backslash stay, those of the next line go. */
                while (from[1] == ' ')
                    from++;
                if (from[1] == '\n') {
                    PyMem_Free(copy);
                    return UNSURE;
                }
            }
            else if (*from == 'u') {
                to = put_character(to, escaped_character(from, end));
                from += 4;
            }
            else
                *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from == 'r' ? '\r' : *from;
            kept = to;
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

/* How far the lines of a literal are indented: as its first one that is not empty. 0 where an empty one above it reaches further. */
static Py_ssize_t literal_indent(const Reader *r, const char *p)
{
    Py_ssize_t blanks = 0, most = 0;
    for (; p < r->end && (*p == ' ' || *p == '\n'); p++) {
        if (blanks > most)
            most = blanks;
        blanks = *p == ' ' ? blanks + 1 : 0;
    }
    return p == r->end || most > blanks ? 0 : blanks;
}

/* `|`, `|-` or `|+` and the lines deeper than `parent`. Leaves `at` as next_line does. */
PyObject *read_literal(Reader *r, Py_ssize_t parent)
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
    Py_ssize_t indent = literal_indent(r, p);
    if (indent <= parent || indent == 0)
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
