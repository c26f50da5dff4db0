/* Walks through JSON data: where paths lead to, and which lists have a name. The data is not changed. */

#include "native.h"

/* A branch is a tuple: the name of a key, whether a path ends there, when a missing value is of interest, the branches below, and a mark
 * by which the caller knows it. See walk.py. */
enum { NAME, ENDS, MISSING, BELOW, MARK };
enum { IGNORED, WHERE_NULL, ALWAYS };

static bool reach(PyObject *node, PyObject *branches, PyObject *names, PyObject *found);

static bool note(PyObject *found, PyObject *holder, PyObject *branch)
{
    PyObject *hit = PyTuple_Pack(3, holder, PyTuple_GET_ITEM(branch, NAME), PyTuple_GET_ITEM(branch, MARK));
    bool done = hit != NULL && PyList_Append(found, hit) == 0;
    Py_XDECREF(hit);
    return done;
}

/* Whether a value at the end of a path is of interest: a text only if it is among `names`, where there are any. 2 for yes. */
static int is_wanted(PyObject *value, PyObject *names)
{
    if (names == Py_None || !PyUnicode_CheckExact(value))
        return 2;
    int known = PyDict_Contains(names, value);
    return known < 0 ? 0 : 1 + known;
}

static bool reach_in_map(PyObject *map, PyObject *branch, PyObject *names, PyObject *found)
{
    PyObject *value = PyDict_GetItemWithError(map, PyTuple_GET_ITEM(branch, NAME));
    if (value == NULL && PyErr_Occurred())
        return false;
    if (value == NULL || value == Py_None) {
        long missing = PyLong_AsLong(PyTuple_GET_ITEM(branch, MISSING));
        return missing == IGNORED || (missing == WHERE_NULL && value == NULL) || note(found, map, branch);
    }
    if (PyTuple_GET_ITEM(branch, ENDS) == Py_True) {
        int wanted = is_wanted(value, names);
        if (wanted == 0 || (wanted == 2 && !note(found, map, branch)))
            return false;
    }
    PyObject *below = PyTuple_GET_ITEM(branch, BELOW);
    return PyTuple_GET_SIZE(below) == 0 || reach(value, below, names, found);
}

/* False with an exception, or without one where a path would go on through a scalar. */
static bool reach(PyObject *node, PyObject *branches, PyObject *names, PyObject *found)
{
    bool done = false;
    if (PyDict_CheckExact(node)) {
        done = true;
        for (Py_ssize_t i = 0; done && i < PyTuple_GET_SIZE(branches); i++)
            done = reach_in_map(node, PyTuple_GET_ITEM(branches, i), names, found);
    }
    else if (PyList_CheckExact(node) && Py_EnterRecursiveCall(" in a walk") == 0) {
        done = true;
        for (Py_ssize_t i = 0; done && i < PyList_GET_SIZE(node); i++) {
            PyObject *item = PyList_GET_ITEM(node, i);
            done = item == Py_None || reach(item, branches, names, found);
        }
        Py_LeaveRecursiveCall();
    }
    return done;
}

PyObject *native_reach(PyObject *module, PyObject *args)
{
    PyObject *node, *branches, *names = Py_None;
    if (!PyArg_ParseTuple(args, "OO!|O", &node, &PyTuple_Type, &branches, &names))
        return NULL;
    PyObject *found = PyList_New(0);
    if (found == NULL || reach(node, branches, names, found))
        return found;
    Py_DECREF(found);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static bool collect(PyObject *node, PyObject *names, PyObject *found)
{
    bool done = true;
    if (!PyDict_CheckExact(node) && !PyList_CheckExact(node))
        return true;
    if (Py_EnterRecursiveCall(" in a walk") != 0)
        return false;
    if (PyList_CheckExact(node)) {
        for (Py_ssize_t i = 0; done && i < PyList_GET_SIZE(node); i++)
            done = collect(PyList_GET_ITEM(node, i), names, found);
    }
    else {
        PyObject *key, *value;
        Py_ssize_t place = 0;
        while (done && PyDict_Next(node, &place, &key, &value)) {
            done = collect(value, names, found);
            if (done && PyList_CheckExact(value)) {
                int named = PySequence_Contains(names, key);
                done = named == 0 || (named > 0 && PyList_Append(found, value) == 0);
            }
        }
    }
    Py_LeaveRecursiveCall();
    return done;
}

PyObject *native_lists_named(PyObject *module, PyObject *args)
{
    PyObject *node, *names;
    if (!PyArg_ParseTuple(args, "OO", &node, &names))
        return NULL;
    PyObject *found = PyList_New(0);
    if (found == NULL || collect(node, names, found))
        return found;
    Py_DECREF(found);
    return NULL;
}
