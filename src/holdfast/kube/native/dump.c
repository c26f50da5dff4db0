/* JSON data to YAML as sigs.k8s.io/yaml prints it.
 *
 * Lines of keys and dashes are made here. For every text that is not plainly plain, and for keys whose order takes numbers into account,
 * Python's rules are asked (`quoting.py`, `order.py`). A document that needs more than such lines is answered with `NotImplemented`.
 */

#include "native.h"

#define WIDTH 80

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

PyObject *native_dump(PyObject *module, PyObject *args)
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
