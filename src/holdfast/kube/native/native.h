/* What the parts of the compiled module share: kinds of bytes, and the functions that Python sees. */

#ifndef HOLDFAST_NATIVE_H
#define HOLDFAST_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Deeper data is left to Python, which has words for it. */
#define DEEPEST 90

enum { LETTER = 1, DIGIT = 2, NUMERIC = 4, SAFE = 8, FLOW_TEXT = 16 };

extern unsigned char class_of[256];
extern const char *const NULLS[], *const TRUES[], *const FALSES[], *const OLD_WORDS[];

#define IS(byte, class) (class_of[(unsigned char)(byte)] & (class))

void fill_classes(void);
bool is_word(const char *text, Py_ssize_t size, const char *const *words);
bool is_surely_text(const char *start, const char *end);

PyObject *native_read(PyObject *module, PyObject *data);
PyObject *native_dump(PyObject *module, PyObject *args);
PyObject *native_reach(PyObject *module, PyObject *args);
PyObject *native_lists_named(PyObject *module, PyObject *args);

#endif
