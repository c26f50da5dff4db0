/* One ordinary YAML document to JSON data.
 *
 * Taken are maps with text keys, lists, flow collections, literal blocks, quoted and plain scalars whose meaning no dialect
 * doubts. At the first byte that is not known for sure the reader gives up and answers `NotImplemented`: it judges nothing and has no
 * error messages of its own, and Python stays the only place where YAML's meaning is written down.
 *
 * A document is untrusted: every read is bounded by `end`, depth is bounded by `DEEPEST`, and nothing is kept but a table of keys seen.
 */

#include "reader.h"

#define KEY_SLOTS 1024
#define LONGEST_KEY 48

static PyObject *read_block(Reader *r, Py_ssize_t parent);
static PyObject *read_flow(Reader *r);
static PyObject *read_after_key(Reader *r, Py_ssize_t parent);

static PyObject *key_table[KEY_SLOTS];

/* Passes blanks and line breaks between brackets. False where a line begins with what may be a comment or a document's marker. */
static bool skip_flow_space(Reader *r)
{
    for (;;) {
        skip_blanks(r);
        if (r->at == r->end || *r->at != '\n')
            return r->at < r->end && *r->at != '#';
        r->at++;
        if (r->at < r->end && strchr(" \n[]{}\"',", *r->at) == NULL)
            return false;
    }
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
    if (last == start || r->at == r->end || strchr(",]}\n", *r->at) == NULL)
        return UNSURE;
    /* Text may go on in the next line, unless a bracket or a comma follows. */
    return skip_flow_space(r) && strchr(",]}", *r->at) != NULL ? plain_value(start, last) : UNSURE;
}

static PyObject *read_flow_item(Reader *r)
{
    if (*r->at == '"' || *r->at == '\'')
        return read_quoted(r, true);
    return *r->at == '[' || *r->at == '{' ? read_flow(r) : read_flow_plain(r);
}

/* A key between braces with its colon, behind which a blank has to follow unless the key is in quotes. */
static PyObject *read_flow_key(Reader *r)
{
    PyObject *key = NULL;
    const char *start = r->at;
    bool quoted = *start == '"' || *start == '\'';
    if (quoted)
        key = read_quoted(r, true);
    else {
        while (r->at < r->end && IS(*r->at, FLOW_TEXT))
            r->at++;
        if (r->at > start)
            key = plain_value(start, r->at);
    }
    if (key == NULL)
        return NULL;
    if (PyUnicode_CheckExact(key) && r->end - r->at > 1 && r->at[0] == ':' && (quoted || r->at[1] == ' ') && r->at - start < 1000) {
        r->at++;
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
        value = skip_flow_space(r) ? read_flow_item(r) : UNSURE;
        done = value != NULL && put(into, key, value);
    }
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

/* [...] or {...}; `at` ends behind the closing bracket. */
static PyObject *read_flow(Reader *r)
{
    char closing = *r->at++ == '[' ? ']' : '}';
    if (++r->depth > DEEPEST)
        return UNSURE;
    PyObject *found = closing == ']' ? PyList_New(0) : PyDict_New();
    if (found == NULL)
        return NULL;
    if (skip_flow_space(r) && *r->at == closing) {
        r->at++;
        r->depth--;
        return found;
    }
    while (r->at < r->end && read_flow_member(r, found) && skip_flow_space(r)) {
        char c = *r->at++;
        if (c == closing) {
            r->depth--;
            return found;
        }
        if (c != ',' || !skip_flow_space(r))
            break;
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
                item = r->column > column ? read_block(r, column) : Py_NewRef(Py_None);
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
    return r->column > parent ? read_block(r, parent) : Py_NewRef(Py_None);
}

/* The map, list or scalar that starts at `at`, on a line of its own below the column `parent`. */
static PyObject *read_block(Reader *r, Py_ssize_t parent)
{
    Py_ssize_t column = r->column;
    if (is_dash(r))
        return read_list(r, column);
    bool unsure = false;
    PyObject *key = strchr("[{|", *r->at) == NULL ? read_key(r, &unsure) : NULL;
    if (key != NULL)
        return read_map(r, column, key);
    return unsure ? UNSURE : read_inline(r, parent);
}

PyObject *native_read(PyObject *module, PyObject *data)
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
        value = read_block(&r, -1);
        /* A scalar alone is seldom what is meant. */
        if (value != NULL && (r.column >= 0 || !(PyDict_CheckExact(value) || PyList_CheckExact(value))))
            Py_CLEAR(value);
    }
    return value != NULL ? value : PyErr_Occurred() ? NULL : Py_NewRef(Py_NotImplemented);
}
