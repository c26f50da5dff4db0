/* The compiled module `holdfast.kube._native`: what is done millions of times, done quickly. It knows JSON data and YAML, not Kubernetes. */

#include "native.h"

static PyMethodDef methods[] = {
    {"read", native_read, METH_O, "The map or list in these bytes, or NotImplemented."},
    {"dump", native_dump, METH_VARARGS, "The text of a value, printed with these rules, or NotImplemented."},
    {"reach", native_reach, METH_VARARGS, "Every (holder, name, mark) that these branches lead to, or None where one meets a scalar."},
    {"lists_named", native_lists_named, METH_VARARGS, "Every list under one of these names, at any depth, inner ones first."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_native", .m_doc = "YAML and JSON data, quickly.", .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC PyInit__native(void)
{
    fill_classes();
    return PyModule_Create(&definition);
}
